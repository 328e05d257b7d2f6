//! Gives a family of filter parameters, one for each field and operator, the shape of one list of filters.

use crate::yaml::Map;

/// The minimum number of parameters of a family; a form has room for fewer.
const MIN_PARAMETERS: usize = 12;

/// The operators that APIs write behind a field: `created[gte]`, `created[$gte]`, `created__gte`.
const OPERATORS: [&str; 26] = [
    "after",
    "before",
    "between",
    "contains",
    "endswith",
    "eq",
    "exists",
    "ge",
    "gt",
    "gte",
    "icontains",
    "ilike",
    "in",
    "is",
    "isnull",
    "le",
    "like",
    "lt",
    "lte",
    "ne",
    "neq",
    "nin",
    "not",
    "notin",
    "range",
    "startswith",
];

/// The filter parameters of an operation.
#[derive(Debug, Default)]
pub(super) struct FilterFamily {
    fields: Vec<FamilyField>,
    /// The parameters without an operator, with their inputs. One that has a field's name means equality.
    plain: Vec<(String, String)>,
    parameters: usize,
}

#[derive(Debug)]
struct FamilyField {
    name: String,
    /// The operators with their inputs.
    operators: Vec<(String, String)>,
}

impl FilterFamily {
    /// Adds an optional parameter of the query and its input.
    pub(super) fn add(&mut self, parameter: &str, input: &str) {
        let Some((field, operator)) = split(parameter) else {
            return self.plain.push((parameter.to_owned(), input.to_owned()));
        };
        self.parameters += 1;
        let entry = (operator.to_owned(), input.to_owned());
        match self.fields.iter_mut().find(|known| known.name == field) {
            Some(known) => known.operators.push(entry),
            None => self.fields.push(FamilyField { name: field.to_owned(), operators: vec![entry] }),
        }
    }

    /// Returns the fields with their operators, and the inputs that a list of filters replaces; `None` if the family is
    /// small.
    pub(super) fn into_filters(self) -> Option<(Map, Vec<String>)> {
        if self.parameters < MIN_PARAMETERS {
            return None;
        }
        let mut filters = Map::new();
        let mut replaced = Vec::new();
        for FamilyField { name, mut operators } in self.fields {
            let mut inputs = Map::flow();
            if let Some((_, input)) = self.plain.iter().find(|(plain, _)| *plain == name) {
                if operators.iter().any(|(operator, _)| operator == "eq") {
                    replaced.push(input.clone());
                } else {
                    operators.insert(0, ("eq".to_owned(), input.clone()));
                }
            }
            for (operator, input) in operators {
                inputs.set(&operator, input.as_str());
                replaced.push(input);
            }
            filters.set(&name, inputs);
        }
        Some((filters, replaced))
    }
}

/// Returns the field and the operator of a parameter's name.
fn split(parameter: &str) -> Option<(&str, &str)> {
    let (field, operator) = match parameter.strip_suffix(']') {
        Some(rest) => {
            let (field, operator) = rest.rsplit_once('[')?;
            (field, operator.strip_prefix('$').unwrap_or(operator))
        }
        None => parameter.rsplit_once("__")?,
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let is_field = !field.is_empty() && field.len() <= 80 && field.chars().all(is_plain);
    (is_field && OPERATORS.contains(&operator)).then_some((field, operator))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_operators_only() {
        for (name, expected) in [
            ("created[gte]", Some(("created", "gte"))),
            ("filter__created_at[$gte]", Some(("filter__created_at", "gte"))),
            ("created__gte", Some(("created", "gte"))),
            ("owner__name__in", Some(("owner__name", "in"))),
            ("filter[name]", None),
            ("created_gte", None),
            ("[gte]", None),
            ("${x}[gte]", None),
            ("created[gte", None),
        ] {
            assert_eq!(split(name), expected, "{name}");
        }
    }
}
