//! The text of a script, and where in it each statement stands. A stand-in until scripts are parsed and printed.

use std::ops::Range;
use std::sync::Arc;

use super::weigh::{condition, expectation};
use super::{Script, ScriptError, Statement};
use crate::change::line;

impl Script {
    /// The script's text, and where in it each statement stands, in bytes.
    pub(crate) fn placed(&self) -> Result<(Arc<str>, Vec<Range<usize>>), ScriptError> {
        if let Some(source) = &self.source {
            return Ok((Arc::clone(&source.text), source.places.clone()));
        }
        let (mut text, mut places) = (String::new(), Vec::new());
        for statement in &self.statements {
            let from = text.len();
            text.push_str(&match statement {
                Statement::At { cycle, changes } => format!("at {cycle} {{ {} }}", line(changes)),
                Statement::Every { period, from, to, changes } => {
                    let to = to.map_or_else(String::new, |to| format!(" to {to}"));
                    format!("every {period} from {from}{to} {{ {} }}", line(changes))
                }
                Statement::When { condition: when, changes } => {
                    format!("when {} {{ {} }}", condition(when), line(changes))
                }
                Statement::Expect { at: Some(at), what } => format!("expect at {at} {}", expectation(what)),
                Statement::Expect { at: None, what } => format!("expect {}", expectation(what)),
            });
            places.push(from..text.len());
            text.push('\n');
        }
        Ok((text.into(), places))
    }
}
