//! What a flight becomes: a `Delay`, then a `Forecast`.

/// A flight that arrived where it was meant to. Delays are in minutes, distances in miles.
pub(crate) struct Flight {
    pub(crate) date: (u16, u8, u8),
    pub(crate) carrier: String,
    pub(crate) number: u32,
    pub(crate) origin: String,
    pub(crate) distance: i64,
    pub(crate) left_late: i64,
    pub(crate) came_late: i64,
}

/// How late a flight came; a quarter of an hour is what the US authorities count as late.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Class {
    Early,
    OnTime,
    Late,
}

/// A flight with its class.
pub(crate) struct Delay {
    pub(crate) flight: Flight,
    pub(crate) class: Class,
}

pub(crate) fn classify(flight: Flight) -> Delay {
    let class = match flight.came_late {
        ..0 => Class::Early,
        0..15 => Class::OnTime,
        15.. => Class::Late,
    };
    Delay { flight, class }
}

/// A delay beside what a model expected it to be when the flight left.
pub(crate) struct Forecast {
    pub(crate) delay: Delay,
    pub(crate) model: &'static str,
    pub(crate) expected: i64,
}

/// It comes as late as it left.
pub(crate) fn v1(delay: Delay) -> Forecast {
    Forecast { model: "v1", expected: delay.flight.left_late, delay }
}

/// It makes up four minutes on the way, and one more for every 500 miles.
pub(crate) fn v2(delay: Delay) -> Forecast {
    let Flight { left_late, distance, .. } = delay.flight;
    Forecast { model: "v2", expected: left_late - 4 - distance / 500, delay }
}
