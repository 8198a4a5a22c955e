//! Where in a script's text the culprit of a refused change stands.

use super::place::Which;
use crate::change::{Change, Position};
use crate::error::Refusal;
use crate::name::Name;

/// The word that a change is refused for, and which of its occurrences in the change.
pub(super) fn culprit(change: &Change, refusal: &Refusal) -> Option<(Name, Which)> {
    let first = |name: &Name| Some((name.clone(), Which::First));
    let last = |name: &Name| Some((name.clone(), Which::Last));
    match refusal {
        Refusal::Unknown { path, .. }
        | Refusal::NotASwitch { path, .. }
        | Refusal::NotAPipeline { path, .. }
        | Refusal::NotWorkers { path, .. } => {
            let name = path.names().last()?;
            match change {
                Change::Route { switch, .. } if path.names().len() > switch.names().len() => last(name),
                Change::Insert { .. } | Change::Attach { .. } => last(name),
                Change::Detach { switch, .. } if path.names().len() <= switch.names().len() => last(name),
                Change::Move { stage, .. } if !stage.names().starts_with(path.names()) => last(name),
                _ => first(name),
            }
        }
        Refusal::Duplicate { name } | Refusal::Twice { name } => match change {
            Change::Insert { .. } | Change::Attach { .. } | Change::Move { .. } => first(name),
            _ => last(name),
        },
        Refusal::Mismatch { .. } | Refusal::Build(_) | Refusal::Unfit(_) | Refusal::TooDeep { .. } => match change {
            Change::Insert { stage: made, .. } | Change::Attach { target: made, .. } => first(&made.maker),
            Change::Tap { tap, .. } => last(&tap.maker),
            Change::Replace { with: Some(with), .. } => last(with),
            Change::Replace { stage, .. } | Change::Move { stage, .. } => first(stage.names().last()?),
            _ => None,
        },
        Refusal::HandOver { .. } | Refusal::NotPlain => match change {
            Change::Replace { with: Some(with), .. } => last(with),
            Change::Replace { stage, .. } => first(stage.names().last()?),
            _ => None,
        },
        Refusal::LooksAt { .. } => match change {
            Change::Route { route, .. } => last(route.by()?),
            _ => None,
        },
        Refusal::StillRouted => match change {
            Change::Detach { target, .. } => first(target),
            _ => None,
        },
        Refusal::Turns { .. } | Refusal::Fixed { .. } => match change {
            Change::Remove { stage } | Change::Move { stage, .. } => first(stage.names().last()?),
            _ => None,
        },
        Refusal::IntoItself => match change {
            Change::Move { to: Position::Before(path) | Position::After(path), .. } => last(path.names().last()?),
            Change::Move { to: Position::Front(Some(path)) | Position::Back(Some(path)), .. } => {
                last(path.names().last()?)
            }
            _ => None,
        },
        Refusal::IsTarget => match change {
            Change::Insert { at: Position::Before(path) | Position::After(path), .. } => last(path.names().last()?),
            Change::Remove { stage } | Change::Tap { stage, .. } | Change::Move { stage, .. } => {
                first(stage.names().last()?)
            }
            _ => None,
        },
        _ => None,
    }
}
