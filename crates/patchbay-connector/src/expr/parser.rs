//! Parses tokens into a syntax tree, by binding power (a Pratt parser).

use serde_json::Value;

use super::{
    MAX_DEPTH, MAX_HEIGHT,
    ast::{Expr, Op, PatternUse},
    error::ExprSyntaxError,
    functions::{self, Function},
    lexer::{JexlToken, tokens},
    path,
    pattern::TextPattern,
};

/// Parses a whole expression.
///
/// # Errors
/// If the expression is not valid.
pub(super) fn parse(source: &str) -> Result<Expr, ExprSyntaxError> {
    parse_within(source, 0)
}

/// Parses a whole expression within others of this depth, such as the filter of a path.
///
/// # Errors
/// If the expression is not valid.
pub(super) fn parse_within(source: &str, depth: usize) -> Result<Expr, ExprSyntaxError> {
    let mut parser = JexlParser { tokens: tokens(source)?, next: 0, depth, in_filter: false, relative: false };
    let expression = parser.expression(0)?;
    match parser.peek() {
        JexlToken::End if expression.is_at_most(MAX_HEIGHT) => Ok(expression),
        JexlToken::End => {
            Err(ExprSyntaxError::new(0, format!("the expression has a chain of more than {MAX_HEIGHT} operations"))
                .with_hint("split it into several steps"))
        }
        JexlToken::Name(name) if matches!(name.as_str(), "and" | "or" | "not" | "is" | "eq") => {
            let operator = match name.as_str() {
                "and" => "&&",
                "or" => "||",
                "not" => "!",
                _ => "==",
            };
            Err(parser.error(format!("`{name}` is not an operator")).with_hint(format!("write `{operator}`")))
        }
        other => Err(parser.error(format!("unexpected {}", other.show()))),
    }
}

/// Checks the number of arguments of a call.
fn counted(function: &Function, count: usize, offset: usize) -> Result<(), ExprSyntaxError> {
    let (least, most) = function.count;
    if (least..=most).contains(&count) {
        return Ok(());
    }
    let fault = if count < least { "few" } else { "many" };
    Err(ExprSyntaxError::new(offset, format!("`{}` has too {fault} arguments", function.name))
        .with_hint(format!("the call is {}({})", function.name, function.arguments)))
}

struct JexlParser {
    tokens: Vec<(JexlToken, usize)>,
    next: usize,
    depth: usize,
    /// Whether the parser is inside `[…]`, where `.name` refers to the item.
    in_filter: bool,
    /// Whether the `[…]` that is being parsed refers to the item, which makes it a filter.
    relative: bool,
}

type Parsed = Result<Expr, ExprSyntaxError>;

impl JexlParser {
    fn peek(&self) -> &JexlToken {
        &self.tokens[self.next].0
    }

    fn offset(&self) -> usize {
        self.tokens[self.next].1
    }

    fn take(&mut self) -> JexlToken {
        let token = self.tokens[self.next].0.clone();
        if self.next + 1 < self.tokens.len() {
            self.next += 1;
        }
        token
    }

    fn takes(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), JexlToken::Symbol(known) if *known == symbol);
        if found {
            self.take();
        }
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), ExprSyntaxError> {
        if self.takes(symbol) {
            return Ok(());
        }
        Err(self.error(format!("expected `{symbol}`, found {}", self.peek().show())))
    }

    fn error(&self, message: String) -> ExprSyntaxError {
        ExprSyntaxError::new(self.offset(), message)
    }

    fn expression(&mut self, minimum: u8) -> Parsed {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(format!("the expression is nested deeper than {MAX_DEPTH} levels")));
        }
        let mut left = self.prefix()?;
        loop {
            if minimum <= 1 && self.takes("?") {
                let then = self.expression(0)?;
                self.expect(":")?;
                let otherwise = self.expression(1)?;
                left = Expr::Ternary(Box::new(left), Box::new(then), Box::new(otherwise));
                continue;
            }
            let Some(op) = self.operator() else { break };
            if op.binding() < minimum {
                break;
            }
            self.take();
            let right = self.expression(op.binding() + 1)?;
            left = Expr::Binary(op, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operator(&self) -> Option<Op> {
        Some(match self.peek() {
            JexlToken::Name(name) if name == "in" => Op::In,
            JexlToken::Symbol(symbol) => match *symbol {
                "||" => Op::Or,
                "&&" => Op::And,
                "??" => Op::Coalesce,
                "?:" => Op::Elvis,
                "==" => Op::Equal,
                "!=" => Op::NotEqual,
                "===" => Op::Same,
                "!==" => Op::NotSame,
                "<" => Op::Less,
                "<=" => Op::LessEqual,
                ">" => Op::Greater,
                ">=" => Op::GreaterEqual,
                "+" => Op::Add,
                "-" => Op::Subtract,
                "*" => Op::Multiply,
                "/" => Op::Divide,
                "//" => Op::FloorDivide,
                "%" => Op::Remainder,
                "^" => Op::Power,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn prefix(&mut self) -> Parsed {
        // Signs are read in a loop, because a thousand of them must not recurse a thousand times.
        let mut signs = Vec::new();
        loop {
            let sign = if self.takes("!") {
                '!'
            } else if self.takes("-") {
                '-'
            } else {
                break;
            };
            // Three signs of one kind are equal to one.
            if signs.ends_with(&[sign, sign]) {
                signs.pop();
            } else {
                signs.push(sign);
            }
        }
        let mut operand = self.primary()?;
        operand = self.postfix(operand)?;
        for sign in signs.into_iter().rev() {
            operand = if sign == '!' { Expr::Not(Box::new(operand)) } else { Expr::Negate(Box::new(operand)) };
        }
        Ok(operand)
    }

    fn primary(&mut self) -> Parsed {
        let offset = self.offset();
        match self.take() {
            JexlToken::Number(number) => Ok(Expr::Literal(number)),
            JexlToken::Path(path) => {
                let path = path::parse_within(&path, self.depth).map_err(|error| error.shifted(offset))?;
                Ok(Expr::Path(Box::new(path)))
            }
            JexlToken::Pattern(pattern, flags) => self.test(&pattern, &flags, offset),
            JexlToken::Text(text) => Ok(Expr::Literal(Value::String(text))),
            JexlToken::Name(name) => self.name(name, offset),
            JexlToken::Symbol("(") => {
                let inner = self.expression(0)?;
                self.expect(")")?;
                Ok(inner)
            }
            JexlToken::Symbol("[") => self.items("]").map(Expr::Array),
            JexlToken::Symbol("{") => self.object(),
            JexlToken::Symbol("@") => {
                self.relative = true;
                Ok(Expr::Current)
            }
            JexlToken::Symbol(".") if self.in_filter => {
                self.relative = true;
                self.member(Expr::Current)
            }
            other => {
                let error = ExprSyntaxError::new(offset, format!("expected a value, found {}", other.show()));
                Err(if other == JexlToken::Symbol(".") {
                    error.with_hint("only the condition of a filter, `list[.field == 1]`, can begin with a dot")
                } else {
                    error
                })
            }
        }
    }

    fn name(&mut self, name: String, offset: usize) -> Parsed {
        match name.as_str() {
            "true" => return Ok(Expr::Literal(Value::Bool(true))),
            "false" => return Ok(Expr::Literal(Value::Bool(false))),
            "null" => return Ok(Expr::Literal(Value::Null)),
            "undefined" => return Ok(Expr::Root(name)),
            "$" => return Ok(Expr::Bindings),
            _ => {}
        }
        if !self.takes("(") {
            return Ok(Expr::Root(name));
        }
        let Some(function) = functions::function(&name) else {
            let error = ExprSyntaxError::new(offset, format!("unknown function `{name}`"));
            return Err(match functions::nearest(&name) {
                Some(known) => error.with_hint(format!("did you mean `{known}`?")),
                None => error,
            });
        };
        if matches!(function.name, "map" | "filter") {
            return self.over_elements(function, offset);
        }
        if self.has_pattern(function, false) {
            let of = self.expression(0)?;
            self.expect(",")?;
            return self.with_pattern(function, of);
        }
        let arguments = self.items(")")?;
        counted(function, arguments.len(), offset)?;
        Ok(Expr::Call(function, arguments))
    }

    /// Parses `/^a/.test(text)`, the only place of a regular expression that is not an argument.
    fn test(&mut self, pattern: &str, flags: &str, offset: usize) -> Parsed {
        let pattern = TextPattern::new(pattern, flags, offset)?;
        let is_test =
            self.takes(".") && matches!(self.take(), JexlToken::Name(name) if name == "test") && self.takes("(");
        if !is_test {
            return Err(ExprSyntaxError::new(offset, "a regular expression is not allowed here")
                .with_hint("the functions with a regular expression are: matches, match, replace"));
        }
        let of = self.expression(0)?;
        self.expect(")")?;
        Ok(Expr::Pattern(PatternUse::Matches, Box::new(of), Box::new(pattern)))
    }

    /// Returns true if a function takes a regular expression: always `matches` and `match`, and `replace` if its argument after
    /// the text is `/…/`. A method has its text before the arguments.
    fn has_pattern(&self, function: &Function, is_method: bool) -> bool {
        match function.name {
            "matches" | "match" => true,
            "replace" => {
                let pattern = if is_method { Some(self.peek()) } else { self.second_argument() };
                matches!(pattern, Some(JexlToken::Pattern(..)))
            }
            _ => false,
        }
    }

    /// Returns the first token of the second of the arguments that follow.
    fn second_argument(&self) -> Option<&JexlToken> {
        let mut depth = 0_usize;
        let mut tokens = self.tokens[self.next..].iter().map(|(token, _)| token);
        while let Some(token) = tokens.next() {
            match token {
                JexlToken::Symbol("(" | "[" | "{") => depth += 1,
                JexlToken::Symbol(")" | "]" | "}") => depth = depth.checked_sub(1)?,
                JexlToken::Symbol(",") if depth == 0 => return tokens.next(),
                _ => {}
            }
        }
        None
    }

    /// Parses the arguments after the text: the regular expression, and what replaces its matches.
    fn with_pattern(&mut self, function: &Function, of: Expr) -> Parsed {
        let offset = self.offset();
        let pattern = match self.take() {
            JexlToken::Pattern(pattern, flags) => TextPattern::new(&pattern, &flags, offset)?,
            JexlToken::Text(pattern) => TextPattern::new(&pattern, "", offset)?,
            _ => {
                return Err(ExprSyntaxError::new(
                    offset,
                    format!("the pattern of `{}` is not a literal", function.name),
                )
                .with_hint("write it as /^a/ or '^a'; it is compiled once, when the file is loaded"));
            }
        };
        let how = match function.name {
            "matches" => PatternUse::Matches,
            "match" => PatternUse::Match,
            _ => {
                self.expect(",")?;
                PatternUse::Replace(Box::new(self.expression(0)?))
            }
        };
        self.expect(")")?;
        Ok(Expr::Pattern(how, Box::new(of), Box::new(pattern)))
    }

    /// Parses `map(list, .name)` and `filter(list, .age > 3)`; the second argument may refer to the item.
    fn over_elements(&mut self, function: &'static Function, offset: usize) -> Parsed {
        let mut arguments = Vec::new();
        let mut relative = false;
        while !self.takes(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            let outer = (self.in_filter, self.relative);
            if arguments.len() == 1 {
                (self.in_filter, self.relative) = (true, false);
            }
            let argument = self.expression(0)?;
            if arguments.len() == 1 {
                relative = self.relative;
                (self.in_filter, self.relative) = outer;
            }
            arguments.push(argument);
        }
        counted(function, arguments.len(), offset)?;
        if !relative {
            return Ok(Expr::Call(function, arguments));
        }
        let (body, list) = (arguments.remove(1), arguments.remove(0));
        let (list, body) = (Box::new(list), Box::new(body));
        Ok(if function.name == "map" { Expr::Map(list, body) } else { Expr::Filter(list, body) })
    }

    fn postfix(&mut self, mut operand: Expr) -> Parsed {
        loop {
            if self.takes(".") {
                // `a.['b']` is written like `a['b']`.
                if !matches!(self.peek(), JexlToken::Symbol("[")) {
                    operand = self.member(operand)?;
                }
            } else if self.takes("[") {
                let outer = (std::mem::replace(&mut self.in_filter, true), std::mem::take(&mut self.relative));
                let inner = self.expression(0)?;
                // A filter refers to the item; an index does not.
                let filters = self.relative;
                (self.in_filter, self.relative) = outer;
                self.expect("]")?;
                operand = if filters {
                    Expr::Filter(Box::new(operand), Box::new(inner))
                } else {
                    Expr::Index(Box::new(operand), Box::new(inner))
                };
            } else {
                return Ok(operand);
            }
        }
    }

    fn member(&mut self, of: Expr) -> Parsed {
        let offset = self.offset();
        let name = match self.take() {
            JexlToken::Name(name) => name,
            other => {
                return Err(ExprSyntaxError::new(
                    offset,
                    format!("expected a name after the dot, found {}", other.show()),
                ));
            }
        };
        if !self.takes("(") {
            return Ok(Expr::Member(Box::new(of), name));
        }
        let Some(method) = functions::method(&name) else {
            let error = ExprSyntaxError::new(offset, format!("unknown method `.{name}()`"));
            return Err(match functions::nearest_method(&name) {
                Some(known) => error.with_hint(format!("did you mean `.{known}()`?")),
                None => error,
            });
        };
        if self.has_pattern(method, true) {
            return self.with_pattern(method, of);
        }
        let arguments = self.items(")")?;
        counted(method, arguments.len() + 1, offset)?;
        Ok(Expr::Method(Box::new(of), method, arguments))
    }

    fn items(&mut self, close: &'static str) -> Result<Vec<Expr>, ExprSyntaxError> {
        let mut items = Vec::new();
        if self.takes(close) {
            return Ok(items);
        }
        loop {
            items.push(self.expression(0)?);
            if !self.takes(",") {
                self.expect(close)?;
                return Ok(items);
            }
        }
    }

    fn object(&mut self) -> Parsed {
        let mut members = Vec::new();
        if self.takes("}") {
            return Ok(Expr::Object(members));
        }
        loop {
            let offset = self.offset();
            let key = match self.take() {
                JexlToken::Name(key) | JexlToken::Text(key) => key,
                other => return Err(ExprSyntaxError::new(offset, format!("expected a key, found {}", other.show()))),
            };
            self.expect(":")?;
            members.push((key, self.expression(0)?));
            if !self.takes(",") {
                self.expect("}")?;
                return Ok(Expr::Object(members));
            }
        }
    }
}
