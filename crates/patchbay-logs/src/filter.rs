//! Which runs a query finds, and in which order.

use patchbay_model::Timestamp;

use crate::dimension::Dimension;

/// The largest number of values of a property of a filter, and of its pairs.
pub const MAX_VALUES: usize = 500;
/// The largest number of values of a filter.
pub const MAX_ALL_VALUES: usize = 2_000;

/// The conditions of a query. All must be met.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogFilter {
    /// Properties with the values of which a run must have one.
    pub any_of: Vec<(Dimension, Vec<String>)>,
    /// Pairs of which a run must have one; no condition if there are none.
    pub tuples: Vec<(Dimension, String)>,
    /// The earliest start.
    pub start: Option<Timestamp>,
    /// The latest start.
    pub end: Option<Timestamp>,
    /// Whether the run succeeded.
    pub success: Option<bool>,
    /// Whether nobody waited for the run.
    pub is_background: Option<bool>,
    /// A text that the error's message or the URL contains, in any case.
    pub text: Option<String>,
    /// The shortest duration, in microseconds.
    pub min_duration_micros: Option<i64>,
}

impl LogFilter {
    /// Adds a property with its values.
    #[must_use]
    pub fn with(mut self, dimension: Dimension, values: &[&str]) -> Self {
        self.any_of.push((dimension, values.iter().map(|value| (*value).to_owned()).collect()));
        self
    }

    /// Returns the property with more values than [`MAX_VALUES`]; `tuples` for the pairs. A statement has a limited number of values, and
    /// a limited depth.
    pub fn too_long(&self) -> Option<&'static str> {
        let list = self.any_of.iter().find(|(_, values)| values.len() > MAX_VALUES);
        list.map(|(dimension, _)| dimension.as_str()).or((self.tuples.len() > MAX_VALUES).then_some("tuples"))
    }

    /// Returns the number of values of all properties and pairs.
    pub fn values(&self) -> usize {
        self.any_of.iter().map(|(_, values)| values.len()).sum::<usize>() + self.tuples.len()
    }

    /// Returns whether the roll-ups can answer it, apart from its times.
    pub(crate) fn is_rolled_up(&self) -> bool {
        self.any_of.iter().all(|(dimension, _)| dimension.is_rolled_up())
            && self.tuples.is_empty()
            && self.is_background.is_none()
            && self.text.is_none()
            && self.min_duration_micros.is_none()
    }
}

/// The property that runs are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OrderBy {
    /// The start.
    #[default]
    Start,
    /// The end.
    End,
    /// The duration.
    Duration,
    /// The status.
    Status,
    /// The connector's key.
    Connector,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Order {
    /// The property.
    pub by: OrderBy,
    /// Whether the smallest comes first.
    pub ascending: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_of_values_is_named() {
        let values = |count| vec!["x"; count];
        let filter = LogFilter::default().with(Dimension::Action, &values(MAX_VALUES));
        assert_eq!((filter.too_long(), filter.values()), (None, MAX_VALUES));
        let filter = filter.with(Dimension::StatusCode, &values(MAX_VALUES + 1));
        assert_eq!((filter.too_long(), filter.values()), (Some("status_code"), 2 * MAX_VALUES + 1));
        let tuples = vec![(Dimension::Action, "x".to_owned()); MAX_VALUES + 1];
        assert_eq!(LogFilter { tuples, ..LogFilter::default() }.too_long(), Some("tuples"));
    }
}
