//! Numbers in place of names that repeat. Writers and readers keep what they have seen in memory.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    row::{Party, Source, StepKind, Target},
    sql::{Cells as _, Session, Sql},
    store::Result,
};

/// The number of entries of each kind that are kept in memory.
const MAX_ENTRIES: usize = 50_000;
/// The number of entries that one statement reads.
const MAX_READ_AT_ONCE: usize = 2_000;

/// An entry of a dictionary.
pub(crate) trait Entry: Clone + Eq + Hash + Send + Sync + 'static {
    /// The table.
    const TABLE: &'static str;
    /// Its columns besides `id` and `entry`.
    const COLUMNS: &'static [&'static str];
    /// Returns the values of the columns.
    fn values(&self) -> Vec<Option<String>>;
    /// Creates an entry from the values of the columns.
    fn from_values(values: Vec<Option<String>>) -> Self;
}

/// A single name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Name(pub(crate) String);

macro_rules! entry {
    ($type:ty, $table:literal, $($column:literal = $field:ident),+) => {
        impl Entry for $type {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] = &[$($column),+];

            fn values(&self) -> Vec<Option<String>> {
                vec![$(self.$field.clone()),+]
            }

            fn from_values(values: Vec<Option<String>>) -> Self {
                let mut values = values.into_iter();
                let mut entry = Self::default();
                $(entry.$field = values.next().flatten();)+
                entry
            }
        }
    };
}

entry!(
    Target,
    "log_targets",
    "connector" = connector,
    "version" = version,
    "owner" = owner,
    "profile" = profile,
    "action" = action,
    "action_type" = action_type,
    "category" = category,
    "mode" = mode
);
entry!(Party, "log_parties", "account" = account, "owner_id" = owner_id, "owner_name" = owner_name);
entry!(StepKind, "log_step_kinds", "step_id" = id, "function" = function, "function_version" = function_version);

impl Entry for Source {
    const TABLE: &'static str = "log_sources";
    const COLUMNS: &'static [&'static str] = &[
        "source_type",
        "source_id",
        "source_value",
        "auth_type",
        "auth_id",
        "user_agent",
        "ip_address",
        "agent_id",
        "transport",
        "stream_type",
        "is_background",
    ];

    fn values(&self) -> Vec<Option<String>> {
        vec![
            self.kind.clone(),
            self.id.clone(),
            self.value.clone(),
            self.auth_type.clone(),
            self.auth_id.clone(),
            self.user_agent.clone(),
            self.ip_address.clone(),
            self.agent_id.clone(),
            self.transport.clone(),
            self.stream_type.clone(),
            Some(self.is_background.to_string()),
        ]
    }

    fn from_values(values: Vec<Option<String>>) -> Self {
        let mut values = values.into_iter();
        let mut next = || values.next().flatten();
        Self {
            kind: next(),
            id: next(),
            value: next(),
            auth_type: next(),
            auth_id: next(),
            user_agent: next(),
            ip_address: next(),
            agent_id: next(),
            transport: next(),
            stream_type: next(),
            is_background: next().as_deref() == Some("true"),
        }
    }
}

impl Entry for Name {
    const TABLE: &'static str = "log_names";
    const COLUMNS: &'static [&'static str] = &["name"];

    fn values(&self) -> Vec<Option<String>> {
        vec![Some(self.0.clone())]
    }

    fn from_values(values: Vec<Option<String>>) -> Self {
        Self(values.into_iter().next().flatten().unwrap_or_default())
    }
}

/// The entries of one kind.
pub(crate) struct Dictionary<E> {
    numbers: Mutex<HashMap<E, i64>>,
    entries: Mutex<HashMap<i64, Arc<E>>>,
}

impl<E> Default for Dictionary<E> {
    fn default() -> Self {
        Self { numbers: Mutex::default(), entries: Mutex::default() }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<E: Entry> Dictionary<E> {
    /// Returns the number of an entry, which gets one if it is new.
    pub(crate) async fn number<S: Session>(&self, session: &mut S, entry: &E) -> Result<i64> {
        if let Some(number) = lock(&self.numbers).get(entry) {
            return Ok(*number);
        }
        let values = entry.values();
        let mut insert = Sql::new(format!("INSERT INTO {} (entry", E::TABLE));
        E::COLUMNS.iter().for_each(|column| {
            insert.word(", ").word(column);
        });
        insert.word(") VALUES (").value(serde_json::to_string(&values).unwrap_or_default());
        for value in values {
            insert.word(", ").value(value);
        }
        insert.word(") ON CONFLICT (entry) DO UPDATE SET entry = excluded.entry RETURNING id");
        let rows = session.rows(insert.keep()).await?;
        let number = rows.first().map(|row| row.int(0)).transpose()?.unwrap_or_default();
        let mut numbers = lock(&self.numbers);
        if numbers.len() >= MAX_ENTRIES {
            numbers.clear();
        }
        numbers.insert(entry.clone(), number);
        Ok(number)
    }

    /// Reads the entries of these numbers that are not in memory yet.
    pub(crate) async fn load<S: Session>(&self, session: &mut S, wanted: Vec<i64>) -> Result<()> {
        let unknown = {
            let mut entries = lock(&self.entries);
            if entries.len() >= MAX_ENTRIES {
                entries.clear();
            }
            wanted.into_iter().filter(|id| !entries.contains_key(id)).collect::<HashSet<_>>()
        };
        let unknown = unknown.into_iter().collect::<Vec<_>>();
        for some in unknown.chunks(MAX_READ_AT_ONCE) {
            let mut select = Sql::new(format!("SELECT id, {} FROM {} WHERE id", E::COLUMNS.join(", "), E::TABLE));
            select.in_numbers(some);
            for row in session.rows(select).await? {
                let values = (1..=E::COLUMNS.len()).map(|column| row.opt_text(column)).collect::<Result<_>>()?;
                lock(&self.entries).insert(row.int(0)?, Arc::new(E::from_values(values)));
            }
        }
        Ok(())
    }

    /// Returns the entry of a number that was loaded; an empty one for a number that does not exist.
    pub(crate) fn entry(&self, number: i64) -> Option<Arc<E>> {
        lock(&self.entries).get(&number).cloned()
    }

    fn forget(&self) {
        lock(&self.numbers).clear();
    }
}

/// All dictionaries.
#[derive(Default)]
pub(crate) struct Dictionaries {
    /// Connectors and actions.
    pub(crate) targets: Dictionary<Target>,
    /// Accounts.
    pub(crate) parties: Dictionary<Party>,
    /// Sources.
    pub(crate) sources: Dictionary<Source>,
    /// Steps.
    pub(crate) steps: Dictionary<StepKind>,
    /// Projects, error codes, methods.
    pub(crate) names: Dictionary<Name>,
}

impl Dictionaries {
    /// Forgets the numbers: after a transaction that was rolled back, some of them do not exist.
    pub(crate) fn forget_numbers(&self) {
        self.targets.forget();
        self.parties.forget();
        self.sources.forget();
        self.steps.forget();
        self.names.forget();
    }
}

/// Returns the statement that creates the table of a dictionary on SQLite.
pub(crate) fn table<E: Entry>(id_type: &str) -> String {
    let columns = E::COLUMNS.iter().map(|column| format!(", {column} TEXT")).collect::<String>();
    format!("CREATE TABLE IF NOT EXISTS {} (id {id_type}, entry TEXT NOT NULL UNIQUE{columns});\n", E::TABLE)
}
