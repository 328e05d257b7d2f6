//! The syntax tree of a JEXL expression.

use serde_json::Value;

use super::functions::Function;

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
const SAFE_IN_URL: [&str; 16] = [
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
            match expression {
                Self::Literal(_) | Self::Root(_) | Self::Bindings | Self::Current => {}
                Self::Member(of, _) | Self::Not(of) | Self::Negate(of) => waiting.push((of, below)),
                Self::Index(left, right)
                | Self::Filter(left, right)
                | Self::Map(left, right)
                | Self::Binary(_, left, right) => {
                    waiting.extend([(&**left, below), (&**right, below)]);
                }
                Self::Ternary(condition, then, otherwise) => {
                    waiting.extend([(&**condition, below), (&**then, below), (&**otherwise, below)]);
                }
                Self::Array(items) | Self::Call(_, items) => waiting.extend(items.iter().map(|item| (item, below))),
                Self::Object(members) => waiting.extend(members.iter().map(|(_, member)| (member, below))),
                Self::Method(of, _, arguments) => {
                    waiting.push((of, below));
                    waiting.extend(arguments.iter().map(|argument| (argument, below)));
                }
            }
        }
        true
    }
}

impl Op {
    /// Returns the left binding power. The right one is higher by one, as all operators except `^` associate to the
    /// left.
    pub(super) const fn binding(self) -> u8 {
        match self {
            Self::Elvis => 2,
            Self::Coalesce => 4,
            Self::Or => 6,
            Self::And => 8,
            Self::Equal
            | Self::NotEqual
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
