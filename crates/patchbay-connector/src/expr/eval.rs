//! Evaluates the syntax tree, limited by fuel.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{
    Bindings,
    ast::{Expr, Op, PatternUse},
    error::EvalError,
    functions::{self, Function},
    memory_budget::{MemoryBudget, VALUE_BYTES, size},
    pattern::TextPattern,
    value::{self, Maybe},
};

/// The fuel of one evaluation, in steps.
const MAX_FUEL: u64 = 200_000;
/// The number of bytes that are copied in one step.
const COPIED_BYTES_PER_STEP: u64 = 4096;
/// The maximum length of a string that an operator builds, in bytes.
pub(super) const MAX_STRING_BYTES: usize = 64 * 1024 * 1024;

/// An evaluation of one expression.
pub(super) struct Evaluation<'a> {
    pub(super) bindings: Bindings<'a>,
    fuel: u64,
    /// The budget for all values that it copies or creates, temporary ones among them.
    budget: MemoryBudget,
    /// The current items of the filters, the innermost one last.
    current: Vec<Value>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(bindings: Bindings<'a>) -> Self {
        Self { bindings, fuel: MAX_FUEL, budget: MemoryBudget::default(), current: Vec::new() }
    }

    pub(super) fn spend(&mut self, steps: u64) -> Result<(), EvalError> {
        self.fuel = self.fuel.checked_sub(steps).ok_or(EvalError::Fuel)?;
        Ok(())
    }

    /// Charges `bytes` to the memory budget, before they are allocated.
    pub(super) fn claim(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.budget.charge_bytes(bytes)
    }

    /// Returns a copy and charges its size: a filter may copy a whole list for each item.
    pub(super) fn copy(&mut self, value: &Value) -> Result<Value, EvalError> {
        let size = size(value);
        self.spend(size as u64 / COPIED_BYTES_PER_STEP)?;
        self.claim(size)?;
        Ok(value.clone())
    }

    /// Charges the size of a copy.
    fn charged(&mut self, copy: Value) -> Result<Value, EvalError> {
        let size = size(&copy);
        self.spend(size as u64 / COPIED_BYTES_PER_STEP)?;
        self.claim(size)?;
        Ok(copy)
    }

    /// Evaluates the condition of a filter for one item.
    pub(super) fn with_current(&mut self, element: &Value, condition: &Expr) -> Result<Maybe, EvalError> {
        let element = self.copy(element)?;
        self.current.push(element);
        let outcome = self.run(condition);
        self.current.pop();
        outcome
    }

    /// Evaluates an expression. Code that needs much stack is in functions of its own, because this one recurses for
    /// every nested operation.
    pub(super) fn run(&mut self, expression: &Expr) -> Result<Maybe, EvalError> {
        self.spend(1)?;
        match expression {
            Expr::Literal(value) => self.literal(value),
            Expr::Root(name) => self.bindings.root(name).map(|value| self.copy(value)).transpose(),
            Expr::Bindings => self.everything(),
            Expr::Current => self.element(),
            Expr::Member(of, name) => {
                if let Some(found) = self.borrowed(expression) {
                    return found.map(|value| self.copy(value)).transpose();
                }
                let of = self.run(of)?;
                self.member(of, name)
            }
            Expr::Index(of, index) => self.index(of, index),
            Expr::Filter(list, condition) => self.filter(list, condition),
            Expr::Map(list, body) => self.map(list, body),
            Expr::Not(operand) => Ok(Some(Value::Bool(!value::is_truthy(self.run(operand)?.as_ref())))),
            Expr::Negate(operand) => self.negate(operand),
            Expr::Binary(op, left, right) => self.binary(*op, left, right),
            Expr::Ternary(condition, then, otherwise) => {
                let chosen = if value::is_truthy(self.run(condition)?.as_ref()) { then } else { otherwise };
                self.run(chosen)
            }
            Expr::Array(items) => self.array(items),
            Expr::Object(members) => self.object(members),
            Expr::Call(function, arguments) => self.call(function, None, arguments),
            Expr::Method(of, method, arguments) => self.call(method, Some(of), arguments),
            Expr::Path(path) => path.eval(self),
            Expr::Pattern(how, of, pattern) => self.pattern(how, of, pattern),
        }
    }

    fn negate(&mut self, operand: &Expr) -> Result<Maybe, EvalError> {
        let operand = self.run(operand)?;
        let negated = number(operand.as_ref(), "-")?;
        let exact = value::as_integer(operand.as_ref()).and_then(|integer| value::integer(-integer));
        Ok(Some(exact.unwrap_or_else(|| value::number(-negated))))
    }

    /// Evaluates a function with a regular expression. A value that is missing or null does not match.
    fn pattern(&mut self, how: &PatternUse, of: &Expr, pattern: &TextPattern) -> Result<Maybe, EvalError> {
        let text = match self.run(of)? {
            Some(Value::String(text)) => text,
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value::as_text(&value),
            None | Some(Value::Null) => {
                return Ok(matches!(how, PatternUse::Matches).then_some(Value::Bool(false)));
            }
            Some(Value::Array(_) | Value::Object(_)) => {
                return Err(EvalError::Type("a regular expression needs a string, not a list or an object".to_owned()));
            }
        };
        self.spend(1 + text.len() as u64 / 16)?;
        Ok(match how {
            PatternUse::Matches => Some(Value::Bool(pattern.is_match(&text))),
            PatternUse::Match => pattern.find(&text, self)?,
            PatternUse::Replace(with) => {
                let with = self.run(with)?.map(|with| value::as_text(&with)).unwrap_or_default();
                let replaced = pattern.replace(&text, &with, self)?;
                self.claim(replaced.len())?;
                Some(Value::String(replaced))
            }
        })
    }

    fn literal(&mut self, value: &Value) -> Result<Maybe, EvalError> {
        self.claim(size(value))?;
        Ok(Some(value.clone()))
    }

    fn everything(&mut self) -> Result<Maybe, EvalError> {
        let bindings = self.bindings;
        let copies = bindings.roots.iter().map(|(name, value)| Ok(((*name).to_owned(), self.copy(value)?)));
        Ok(Some(Value::Object(copies.collect::<Result<_, EvalError>>()?)))
    }

    /// Returns a copy of the current item of the innermost filter.
    fn element(&mut self) -> Result<Maybe, EvalError> {
        // Removed while it is copied.
        let Some(current) = self.current.pop() else { return Ok(None) };
        let copy = self.copy(&current);
        self.current.push(current);
        copy.map(Some)
    }

    fn index(&mut self, of: &Expr, index: &Expr) -> Result<Maybe, EvalError> {
        // A plain name is resolved without a copy for each item.
        if let Some(found) = self.borrowed(of) {
            let index = self.run(index)?;
            return found.zip(index).and_then(|(of, index)| at(of, &index)).map(|one| self.charged(one)).transpose();
        }
        let of = self.run(of)?;
        let index = self.run(index)?;
        Ok(of.zip(index).and_then(|(of, index)| at(&of, &index)))
    }

    /// Returns the items of a list; any other value is a list with one item, and null is an empty list.
    fn elements(&mut self, list: &Expr) -> Result<Vec<Value>, EvalError> {
        Ok(match self.run(list)? {
            Some(Value::Array(items)) => items,
            Some(Value::Null) | None => Vec::new(),
            Some(one) => vec![one],
        })
    }

    fn filter(&mut self, list: &Expr, condition: &Expr) -> Result<Maybe, EvalError> {
        let mut kept = Vec::new();
        for item in self.elements(list)? {
            if value::is_truthy(self.with_current(&item, condition)?.as_ref()) {
                kept.push(item);
            }
        }
        Ok(Some(Value::Array(kept)))
    }

    fn map(&mut self, list: &Expr, body: &Expr) -> Result<Maybe, EvalError> {
        let items = self.elements(list)?;
        self.claim(VALUE_BYTES * items.len())?;
        let mut mapped = Vec::new();
        for item in items {
            mapped.extend(self.with_current(&item, body)?);
        }
        Ok(Some(Value::Array(mapped)))
    }

    fn array(&mut self, items: &[Expr]) -> Result<Maybe, EvalError> {
        self.claim(VALUE_BYTES * items.len())?;
        let items = items.iter().map(|item| self.run(item).map(|item| item.unwrap_or(Value::Null)));
        Ok(Some(Value::Array(items.collect::<Result<_, _>>()?)))
    }

    fn object(&mut self, members: &[(String, Expr)]) -> Result<Maybe, EvalError> {
        let mut object = Map::new();
        for (key, member) in members {
            if let Some(value) = self.run(member)? {
                object.insert(key.clone(), value);
            }
        }
        Ok(Some(Value::Object(object)))
    }

    /// Calls a function, or a method of the value before the dot.
    fn call(&mut self, function: &Function, of: Option<&Expr>, arguments: &[Expr]) -> Result<Maybe, EvalError> {
        let all = of.into_iter().chain(arguments).map(|argument| self.run(argument));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        functions::call(function, &all, self)
    }

    /// Returns the value of plain names without a copy.
    fn borrowed(&self, expression: &Expr) -> Option<Option<&'a Value>> {
        match expression {
            Expr::Root(name) => Some(self.bindings.root(name)),
            Expr::Member(of, name) => match &**of {
                Expr::Bindings => Some(self.bindings.root(name)),
                of => match self.borrowed(of)? {
                    Some(Value::Object(members)) => Some(members.get(name)),
                    Some(Value::Array(_) | Value::String(_)) => None,
                    _ => Some(None),
                },
            },
            _ => None,
        }
    }

    /// Returns a member of an object; for a list, the members of all its items (a single one without a list).
    fn member(&mut self, of: Maybe, name: &str) -> Result<Maybe, EvalError> {
        Ok(match of {
            Some(Value::Object(mut members)) => members.shift_remove(name),
            Some(of @ (Value::Array(_) | Value::String(_))) if name == "length" => value::length(&of),
            Some(Value::Array(items)) => {
                self.spend(items.len() as u64)?;
                let mut found = items
                    .into_iter()
                    .filter_map(|item| match item {
                        Value::Object(mut members) => members.shift_remove(name),
                        _ => None,
                    })
                    .collect::<Vec<_>>();
                if found.len() > 1 { Some(Value::Array(found)) } else { found.pop() }
            }
            _ => None,
        })
    }

    fn binary(&mut self, op: Op, left: &Expr, right: &Expr) -> Result<Maybe, EvalError> {
        let left = self.run(left)?;
        match op {
            Op::Or | Op::Elvis => return if value::is_truthy(left.as_ref()) { Ok(left) } else { self.run(right) },
            Op::And => return if value::is_truthy(left.as_ref()) { self.run(right) } else { Ok(left) },
            Op::Coalesce => {
                // An empty string does not count as a value, as in the engine for which the files were written.
                let has_value = left.as_ref().is_some_and(|left| !left.is_null() && left.as_str() != Some(""));
                return if has_value { Ok(left) } else { self.run(right) };
            }
            _ => {}
        }
        let right = self.run(right)?;
        let (left, right) = (left.as_ref(), right.as_ref());
        let ordered = |test: fn(Ordering) -> bool| Value::Bool(value::compare(left, right).is_some_and(test));
        Ok(Some(match op {
            Op::Equal => Value::Bool(value::equal(left, right)),
            Op::NotEqual => Value::Bool(!value::equal(left, right)),
            Op::Same => Value::Bool(value::same(left, right)),
            Op::NotSame => Value::Bool(!value::same(left, right)),
            Op::Less => ordered(Ordering::is_lt),
            Op::LessEqual => ordered(Ordering::is_le),
            Op::Greater => ordered(Ordering::is_gt),
            Op::GreaterEqual => ordered(Ordering::is_ge),
            Op::In => Value::Bool(value::contains(right, left)),
            Op::Add => self.add(left, right)?,
            Op::Subtract => arithmetic(left, right, "-", i128::checked_sub, |a, b| a - b)?,
            Op::Multiply => arithmetic(left, right, "*", i128::checked_mul, |a, b| a * b)?,
            Op::Divide => arithmetic(left, right, "/", exact_quotient, |a, b| a / b)?,
            Op::FloorDivide => arithmetic(left, right, "//", floor_quotient, |a, b| (a / b).floor())?,
            Op::Remainder => arithmetic(left, right, "%", i128::checked_rem, |a, b| a % b)?,
            Op::Power => arithmetic(left, right, "^", power, f64::powf)?,
            Op::Or | Op::And | Op::Coalesce | Op::Elvis => unreachable!("returned above"),
        }))
    }

    fn add(&mut self, left: Option<&Value>, right: Option<&Value>) -> Result<Value, EvalError> {
        if !matches!(left, Some(Value::String(_))) && !matches!(right, Some(Value::String(_))) {
            return arithmetic(left, right, "+", i128::checked_add, |a, b| a + b);
        }
        let text = |operand: Option<&Value>| operand.map(value::as_text).unwrap_or_default();
        let (left, right) = (text(left), text(right));
        if left.len() + right.len() > MAX_STRING_BYTES {
            return Err(EvalError::Large);
        }
        self.claim(left.len() + right.len())?;
        Ok(Value::String(left + &right))
    }
}

/// Returns a copy of the item, member or character at an index, which may be a string: `tags["0"]`, `tags["length"]`.
fn at(of: &Value, index: &Value) -> Option<Value> {
    if let Value::Object(members) = of {
        return members.get(&value::as_text(index)).cloned();
    }
    let index = match index {
        Value::Number(index) => index.as_u64()?,
        Value::String(length) if length == "length" => return value::length(of),
        // Only the canonical form is an index: `["01"]` and `["+1"]` are not.
        Value::String(index) => index.parse::<u64>().ok().filter(|number| number.to_string() == *index)?,
        _ => return None,
    };
    let index = usize::try_from(index).ok()?;
    match of {
        Value::Array(items) => items.get(index).cloned(),
        Value::String(text) => text.chars().nth(index).map(|character| Value::String(character.to_string())),
        _ => None,
    }
}

/// Calculates with integers of 64 bits exactly, and otherwise with doubles.
fn arithmetic(
    left: Option<&Value>,
    right: Option<&Value>,
    operator: &str,
    exact: fn(i128, i128) -> Option<i128>,
    double: fn(f64, f64) -> f64,
) -> Result<Value, EvalError> {
    let (a, b) = (number(left, operator)?, number(right, operator)?);
    let whole = value::as_integer(left).zip(value::as_integer(right));
    let exact = whole.and_then(|(a, b)| exact(a, b)).and_then(value::integer);
    Ok(exact.unwrap_or_else(|| value::number(double(a, b))))
}

/// Divides integers if the result is one.
fn exact_quotient(left: i128, right: i128) -> Option<i128> {
    (left.checked_rem(right)? == 0).then_some(left / right)
}

fn floor_quotient(left: i128, right: i128) -> Option<i128> {
    let quotient = left.checked_div(right)?;
    let is_rounded_up = left % right != 0 && (left < 0) != (right < 0);
    Some(if is_rounded_up { quotient - 1 } else { quotient })
}

fn power(left: i128, right: i128) -> Option<i128> {
    left.checked_pow(u32::try_from(right).ok()?)
}

fn number(operand: Option<&Value>, operator: &str) -> Result<f64, EvalError> {
    match operand {
        None | Some(Value::Null) => Err(EvalError::Type(format!("`{operator}` needs two operands with a value"))),
        operand => value::as_number(operand).ok_or_else(|| EvalError::Type(format!("`{operator}` needs two numbers"))),
    }
}
