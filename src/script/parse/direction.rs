//! Routes from text.

use std::collections::HashSet;

use smallvec::SmallVec;
use winnow::Parser;
use winnow::combinator::{alt, cut_err, opt, preceded};
use winnow::stream::Stream;

use super::super::Mistake;
use super::super::token::{Kind, Token};
use super::super::want::{
    Input, Parsed, Refused, TARGET, Want, last_end, look, name, number, quoted, sign, to_name, word, wrong,
};
use crate::name::Name;
use crate::route::{PolicyKind, RouteView};

/// The words that a route begins with, but for those that begin with a target; all but the first want targets.
const POLICIES: [PolicyKind; 8] = [
    PolicyKind::None,
    PolicyKind::Once,
    PolicyKind::All,
    PolicyKind::RoundRobin,
    PolicyKind::ByKey,
    PolicyKind::When,
    PolicyKind::Failover,
    PolicyKind::Generator,
];

/// Words that end a list of targets; a target of that name stands in quotation marks.
const AFTER_TARGETS: [&str; 2] = ["by", "retry"];

/// `-> route`
pub(super) fn after_arrow(input: &mut Input<'_>) -> Parsed<RouteView> {
    preceded(sign(Kind::Arrow, "->"), cut_err(route)).parse_next(input)
}

/// `-> NAME:N NAME:N`
pub(super) fn weights_after_arrow(input: &mut Input<'_>) -> Parsed<RouteView> {
    preceded(sign(Kind::Arrow, "->"), cut_err(split)).parse_next(input)
}

fn split(input: &mut Input<'_>) -> Parsed<RouteView> {
    let first = target(input)?;
    weighted(input, first)
}

pub(super) fn route(input: &mut Input<'_>) -> Parsed<RouteView> {
    let begun = POLICIES.map(|policy| word(policy.word()).map(move |_| policy));
    match opt(alt(begun)).parse_next(input)? {
        Some(PolicyKind::None) => Ok(RouteView::none()),
        Some(policy) => chosen(input, policy),
        None => to_one(input),
    }
}

/// `A`, or the beginning of `A:95 B:5`.
fn to_one(input: &mut Input<'_>) -> Parsed<RouteView> {
    let first = target(input)?;
    if look(input, Want::Word(":")).is_some_and(|token| token.kind == Kind::Colon) {
        return weighted(input, first);
    }
    if let Some(second) = input.peek_token().filter(|token| is_target(token)) {
        let misspelt = Mistake::new(
            first.span(),
            format!("only one target can stand without a policy, and no policy is called {}", quoted(first.content())),
        );
        let misspelt = misspelt.meant(first.text, POLICIES.iter().skip(1).map(|policy| policy.word()));
        if first.kind == Kind::Word && misspelt.suggestion().is_some() {
            return Err(Refused::Wrong(Box::new(misspelt)));
        }
        return wrong(
            second.span(),
            "nothing says how two targets share the items: begin with `all`, `next`, `key`, `when`, `failover` or \
             `generator`, or give them weights, such as `a:95 b:5`",
        );
    }
    Ok(RouteView { targets: std::iter::once(to_name(first)?).collect(), ..RouteView::bare(PolicyKind::One) })
}

/// The targets behind the word for a policy, and what else the policy has.
fn chosen(input: &mut Input<'_>, policy: PolicyKind) -> Parsed<RouteView> {
    let mut targets = Distinct::default();
    targets.add(target(input)?)?;
    while let Some(next) = opt(target).parse_next(input)? {
        if policy == PolicyKind::Once {
            return wrong(next.span(), "`once` is for one item, so it has one target");
        }
        targets.add(next)?;
    }
    let mut view = RouteView { targets: targets.names, ..RouteView::bare(policy) };
    if policy == PolicyKind::Failover {
        view.retry = opt(preceded(word("retry"), cut_err(retry))).parse_next(input)?;
    }
    if policy.chooses() {
        view.by = opt(preceded(word("by"), cut_err(name("a name")))).parse_next(input)?;
    }
    Ok(view)
}

fn retry(input: &mut Input<'_>) -> Parsed<u64> {
    match number("a number of items", u64::MAX).parse_next(input)? {
        (0, said) => wrong(said.span(), "a target cannot be tried again before the next item; the least is `retry 1`"),
        (items, _) => Ok(items),
    }
}

/// Targets with weights, behind the first target's name.
fn weighted<'t>(input: &mut Input<'t>, first: &'t Token<'t>) -> Parsed<RouteView> {
    let mut weights = SmallVec::new();
    let mut targets = Distinct::default();
    let mut next = Some(first);
    while let Some(token) = next {
        targets.add(token)?;
        weights.push(cut_err(weight).parse_next(input)?);
        next = opt(target).parse_next(input)?;
    }
    let total: u64 = weights.iter().copied().map(u64::from).sum();
    let place = first.at..last_end(input);
    if total == 0 {
        return wrong(place, "the weights are all 0: no target would get an item");
    }
    if total > u64::from(u32::MAX) {
        return wrong(place, format!("the weights come to {total}; their sum can be {} at most", u32::MAX));
    }
    Ok(RouteView { targets: targets.names, weights, ..RouteView::bare(PolicyKind::Weighted) })
}

fn weight(input: &mut Input<'_>) -> Parsed<u32> {
    sign(Kind::Colon, ":").parse_next(input)?;
    let (weight, _) = cut_err(number("a weight", u32::MAX.into())).parse_next(input)?;
    Ok(u32::try_from(weight).unwrap_or(u32::MAX))
}

fn is_target(token: &Token<'_>) -> bool {
    token.kind == Kind::Quoted || (token.kind == Kind::Word && !AFTER_TARGETS.contains(&token.text))
}

fn target<'t>(input: &mut Input<'t>) -> Parsed<&'t Token<'t>> {
    let next = look(input, TARGET).ok_or(Refused::Other)?;
    if is_target(next) {
        input.next_token();
        return Ok(next);
    }
    Err(Refused::Other)
}

/// Names of which none comes twice.
#[derive(Default)]
struct Distinct<'t> {
    names: SmallVec<[Name; 4]>,
    /// Looked up by hash, as there may be a great many.
    seen: HashSet<&'t str>,
}

impl<'t> Distinct<'t> {
    fn add(&mut self, token: &'t Token<'t>) -> Parsed<()> {
        if !self.seen.insert(token.content()) {
            return wrong(token.span(), format!("{} is a target of this route already", quoted(token.content())));
        }
        self.names.push(to_name(token)?);
        Ok(())
    }
}
