//! The tree of a JEXL expression.

use serde_json::Value;

use super::functions::Function;

#[derive(Clone, Debug)]
pub(super) enum Expr {
    Literal(Value),
    /// A root of the scope, or (inside a filter's `.name`) nothing.
    Root(String),
    /// `$` or, inside a filter, `@`.
    Scope,
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

impl Expr {
    /// Whether no branch is longer than `limit`. Looks without recursion, as the tree may be tall.
    pub(super) fn is_within(&self, limit: usize) -> bool {
        let mut waiting = vec![(self, 1)];
        while let Some((expression, height)) = waiting.pop() {
            if height > limit {
                return false;
            }
            let below = height + 1;
            match expression {
                Self::Literal(_) | Self::Root(_) | Self::Scope | Self::Current => {}
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
    /// How tightly it binds to its left; the right side binds one tighter, as all but `^` lean left.
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
