//! The syntax tree of a JEXL expression.

use serde_json::Value;

use super::{functions::Function, path::Path, pattern::TextPattern};

#[derive(Clone, Debug)]
pub(super) enum Expr {
    Literal(Value),
    /// A root of the bindings, or (inside a filter's `.name`) nothing.
    Root(String),
    /// `$` or, inside a filter, `@`.
    Bindings,
    Current,
    Member(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    /// `list[.age > 25]`
    Filter(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary(Op, Box<Expr>, Box<Expr>),
    Ternary(Box<Expr>, Box<Expr>, Box<Expr>),
    Array(Vec<Expr>),
    Object(Vec<(String, Expr)>),
    /// `present(x)`
    Call(&'static Function, Vec<Expr>),
    /// `map(users, .name)`
    Map(Box<Expr>, Box<Expr>),
    /// `text.split(",")`
    Method(Box<Expr>, &'static Function, Vec<Expr>),
    /// `$.users[?(@.age > 25)].name`: a path with selectors that expressions do not have.
    Path(Box<Path>),
    /// `text.match(/^a/)`, `matches(text, '^a')`, `replace(text, /a/g, 'b')`: a function with a regular expression.
    Pattern(PatternUse, Box<Expr>, Box<TextPattern>),
}

/// What a regular expression is used for.
#[derive(Clone, Debug)]
pub(super) enum PatternUse {
    /// Returns whether it matches.
    Matches,
    /// Returns the match and its groups.
    Match,
    /// Replaces its matches.
    Replace(Box<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Or,
    And,
    Coalesce,
    /// `?:`
    Elvis,
    Equal,
    NotEqual,
    /// `===`
    Same,
    /// `!==`
    NotSame,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
}

/// Functions whose result contains nothing of their arguments that could change a URL.
const SAFE_IN_URL: [&str; 19] = [
    "unixSeconds",
    "unixMillis",
    "fromUnix",
    "urlEncode",
    "number",
    "length",
    "sum",
    "present",
    "missing",
    "includes",
    "includesSome",
    "startsWith",
    "endsWith",
    "sha256",
    "md5",
    "uuid",
    "addDays",
    "formatDate",
    "parseDate",
];

impl Expr {
    /// Returns true if the result may contain a value of this root unchanged.
    pub(super) fn lets_through(&self, root: &str) -> bool {
        let any = |of: &[Self]| of.iter().any(|one| one.lets_through(root));
        match self {
            Self::Root(name) => name == root,
            Self::Bindings => true,
            Self::Literal(_) | Self::Current | Self::Not(_) | Self::Negate(_) => false,
            Self::Member(of, _) | Self::Index(of, _) | Self::Filter(of, _) => of.lets_through(root),
            Self::Map(list, body) => list.lets_through(root) || body.lets_through(root),
            Self::Binary(Op::Or | Op::And | Op::Coalesce | Op::Elvis | Op::Add, left, right) => {
                left.lets_through(root) || right.lets_through(root)
            }
            // The other operators return a number or a boolean.
            Self::Binary(..) => false,
            Self::Ternary(_, then, otherwise) => then.lets_through(root) || otherwise.lets_through(root),
            Self::Array(items) => any(items),
            Self::Object(members) => members.iter().any(|(_, member)| member.lets_through(root)),
            Self::Call(function, arguments) => !SAFE_IN_URL.contains(&function.name) && any(arguments),
            Self::Method(of, function, arguments) => {
                !SAFE_IN_URL.contains(&function.name) && (of.lets_through(root) || any(arguments))
            }
            Self::Path(path) => path.head().is_none_or(|(head, _)| head == root) || path.climbs(),
            Self::Pattern(PatternUse::Matches, ..) => false,
            Self::Pattern(PatternUse::Match, of, _) => of.lets_through(root),
            Self::Pattern(PatternUse::Replace(with), of, _) => of.lets_through(root) || with.lets_through(root),
        }
    }

    /// Returns the names of a chain of members, `a.b["c"]`; `None` for any other expression.
    pub(super) fn names(&self) -> Option<Vec<&str>> {
        match self {
            Self::Root(name) => Some(vec![name]),
            Self::Bindings => Some(Vec::new()),
            Self::Member(of, name) => {
                let mut names = of.names()?;
                names.push(name);
                Some(names)
            }
            Self::Index(of, index) => match &**index {
                Self::Literal(Value::String(name)) => {
                    let mut names = of.names()?;
                    names.push(name);
                    Some(names)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Calls `visit` with each operand.
    pub(super) fn each_operand<'e>(&'e self, visit: &mut dyn FnMut(&'e Self)) {
        match self {
            Self::Literal(_) | Self::Root(_) | Self::Bindings | Self::Current => {}
            Self::Member(of, _) | Self::Not(of) | Self::Negate(of) => visit(of),
            Self::Index(left, right)
            | Self::Filter(left, right)
            | Self::Map(left, right)
            | Self::Binary(_, left, right) => {
                visit(left);
                visit(right);
            }
            Self::Ternary(condition, then, otherwise) => {
                visit(condition);
                visit(then);
                visit(otherwise);
            }
            Self::Array(items) | Self::Call(_, items) => items.iter().for_each(visit),
            Self::Object(members) => members.iter().for_each(|(_, member)| visit(member)),
            Self::Method(of, _, arguments) => {
                visit(of);
                arguments.iter().for_each(visit);
            }
            Self::Path(path) => path.each_expression(visit),
            Self::Pattern(how, of, _) => {
                visit(of);
                if let PatternUse::Replace(with) = how {
                    visit(with);
                }
            }
        }
    }

    /// Returns true if no branch is longer than `limit`. It does not recurse, because the tree may be tall.
    pub(super) fn is_at_most(&self, limit: usize) -> bool {
        let mut waiting = vec![(self, 1)];
        while let Some((expression, height)) = waiting.pop() {
            if height > limit {
                return false;
            }
            let below = height + 1;
            expression.each_operand(&mut |operand| waiting.push((operand, below)));
        }
        true
    }
}

impl Op {
    /// Returns the left binding power. The right one is higher by one, as all operators associate to the left, `^` among
    /// them: `2 ^ 3 ^ 2` is 64, as in the engine for which the files were written.
    pub(super) const fn binding(self) -> u8 {
        match self {
            Self::Elvis => 2,
            Self::Coalesce => 4,
            Self::Or => 6,
            Self::And => 8,
            Self::Equal
            | Self::NotEqual
            | Self::Same
            | Self::NotSame
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::In => 10,
            Self::Add | Self::Subtract => 12,
            Self::Multiply | Self::Divide | Self::FloorDivide | Self::Remainder => 14,
            Self::Power => 16,
        }
    }
}
