//! Questions to a client, and its answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::version::Era;

/// A question to a client or its user.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum InputRequest {
    /// A form. It must not ask for secrets.
    Form {
        /// What is asked, for the user.
        message: String,
        /// The form: an object schema with flat properties.
        schema: Value,
    },
    /// A page that the user opens. The answer says only that it was opened: what happens there is the server's state.
    Url {
        /// What is asked, for the user.
        message: String,
        /// The page's URL. It contains no personal data and no authority.
        url: String,
        /// The name of this question in the legacy era; random.
        id: String,
    },
    /// A message that the client's language model writes.
    Sampling {
        /// The parameters of `sampling/createMessage`.
        params: Map<String, Value>,
    },
    /// The folders that the client works in.
    Roots,
}

impl InputRequest {
    /// Returns the method.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Form { .. } | Self::Url { .. } => "elicitation/create",
            Self::Sampling { .. } => "sampling/createMessage",
            Self::Roots => "roots/list",
        }
    }

    /// Returns the parameters. A form has no mode in revisions before 2025-11-25, so it never names one. Only the legacy era names
    /// questions.
    pub fn params(&self, era: Era) -> Value {
        match self {
            Self::Form { message, schema } => json!({ "message": message, "requestedSchema": schema }),
            Self::Url { message, url, id } => match era {
                Era::Legacy => json!({ "mode": "url", "message": message, "url": url, "elicitationId": id }),
                Era::Modern => json!({ "mode": "url", "message": message, "url": url }),
            },
            Self::Sampling { params } => Value::Object(params.clone()),
            Self::Roots => json!({}),
        }
    }

    /// Returns questions as a result or a task contains them.
    pub(crate) fn to_json(questions: &[(String, Self)]) -> Value {
        let members = questions.iter().map(|(name, question)| {
            (name.clone(), json!({ "method": question.method(), "params": question.params(Era::Modern) }))
        });
        Value::Object(members.collect())
    }
}

/// The answers of a client, by the name of the question. Those to questions with a sealed state are checked against the
/// questions; others are only objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputResponses(pub Map<String, Value>);

/// An answer to a form or a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<'a> {
    /// The user agreed. The values of the form; none for a page.
    Accepted(Option<&'a Map<String, Value>>),
    /// The user refused.
    Declined,
    /// The user left without an answer.
    Cancelled,
}

impl InputResponses {
    /// Returns an answer as it was sent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns the answer to a form or a page; `None` if there is none, or if it is not one.
    pub fn answer(&self, name: &str) -> Option<Answer<'_>> {
        let answer = self.get(name)?;
        match answer.get("action").and_then(Value::as_str)? {
            "accept" => Some(Answer::Accepted(answer.get("content").and_then(Value::as_object))),
            "decline" => Some(Answer::Declined),
            "cancel" => Some(Answer::Cancelled),
            _ => None,
        }
    }
}
