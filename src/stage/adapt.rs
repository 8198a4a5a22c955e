//! Closures that do something else than turn one item into one item.

use super::{BoxError, Faults, Output, Shape, Stage};

/// A stage that lets an item pass when `keep` says so, and drops it (counted) when not.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, filter};
///
/// let mut pipeline = Pipeline::new("odd").stage("odd", filter(|x: &i64| x % 2 == 1));
/// let mut odd = Vec::new();
/// pipeline.send_all(1..=4, |x| odd.push(x))?;
/// assert_eq!(odd, [1, 3]);
/// assert_eq!(pipeline.ledger().dropped(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn filter<T, F: FnMut(&T) -> bool>(keep: F) -> Filter<F> {
    Filter(keep)
}

/// A stage that gives on what `map` makes of an item, and drops it (counted) when that is `None`.
pub fn filter_map<In, Out, F: FnMut(In) -> Option<Out>>(map: F) -> FilterMap<F> {
    FilterMap(map)
}

/// A stage that gives on, in order, all that `map` makes of an item.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, flat_map};
///
/// let mut words = Pipeline::new("words")
///     .stage("split", flat_map(|line: String| line.split(' ').map(String::from).collect::<Vec<_>>()));
/// let mut out = Vec::new();
/// words.send("to be or".to_string(), |word| out.push(word))?;
/// assert_eq!(out, ["to", "be", "or"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn flat_map<In, I: IntoIterator, F: FnMut(In) -> I>(map: F) -> FlatMap<F> {
    FlatMap(map)
}

/// A stage that looks at every item and gives it on unchanged.
pub fn inspect<T, F: FnMut(&T)>(look: F) -> Inspect<F> {
    Inspect(look)
}

/// A stage that may fail: it takes the item by reference, so that a failed item is still there.
///
/// The failure goes to the pipeline's failure handler, with the item in it.
///
/// # Examples
///
/// ```
/// use coroute::{CallError, Pipeline, try_stage};
///
/// let mut parse = Pipeline::new("parse").stage("int", try_stage(|s: &String| s.parse::<i64>()));
/// assert_eq!(parse.call("7".to_string())?, 7);
/// let Err(CallError::Failed(mut failures)) = parse.call("x".to_string()) else { panic!() };
/// let failure = failures.remove(0);
/// assert_eq!(failure.to_string(), "stage \"int\" failed on cycle 1, revision 0: invalid digit found in string");
/// assert_eq!(failure.into_item::<String>().unwrap(), "x");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn try_stage<In, Out, E, F>(map: F) -> TryStage<F>
where
    F: FnMut(&In) -> Result<Out, E>,
    E: Into<BoxError>,
{
    TryStage(map)
}

/// See [`filter`].
#[derive(Debug, Clone)]
pub struct Filter<F>(F);

/// See [`filter_map`].
#[derive(Debug, Clone)]
pub struct FilterMap<F>(F);

/// See [`flat_map`].
#[derive(Debug, Clone)]
pub struct FlatMap<F>(F);

/// See [`inspect`].
#[derive(Debug, Clone)]
pub struct Inspect<F>(F);

/// See [`try_stage`].
#[derive(Debug, Clone)]
pub struct TryStage<F>(F);

impl<F, T> Stage<T> for Filter<F>
where
    F: FnMut(&T) -> bool + Send + 'static,
    T: Send + 'static,
{
    type Out = T;
    const SHAPE: Shape = Shape::MAYBE;

    fn process(&mut self, item: T, out: &mut Output<'_, T>) {
        if (self.0)(&item) {
            out.emit(item);
        }
    }

    #[inline]
    fn apply(&mut self, item: T, _: &mut Faults) -> Option<T> {
        (self.0)(&item).then_some(item)
    }
}

impl<F, In, Out> Stage<In> for FilterMap<F>
where
    F: FnMut(In) -> Option<Out> + Send + 'static,
    Out: Send + 'static,
{
    type Out = Out;
    const SHAPE: Shape = Shape::MAYBE;

    fn process(&mut self, item: In, out: &mut Output<'_, Out>) {
        if let Some(made) = (self.0)(item) {
            out.emit(made);
        }
    }

    #[inline]
    fn apply(&mut self, item: In, _: &mut Faults) -> Option<Out> {
        (self.0)(item)
    }
}

impl<F, In, I> Stage<In> for FlatMap<F>
where
    F: FnMut(In) -> I + Send + 'static,
    I: IntoIterator,
    I::Item: Send + 'static,
{
    type Out = I::Item;
    const SHAPE: Shape = Shape::MANY;

    fn process(&mut self, item: In, out: &mut Output<'_, I::Item>) {
        for made in (self.0)(item) {
            out.emit(made);
        }
    }
}

impl<F, T> Stage<T> for Inspect<F>
where
    F: FnMut(&T) + Send + 'static,
    T: Send + 'static,
{
    type Out = T;
    const SHAPE: Shape = Shape { exact: true, single: true, infallible: true };

    fn process(&mut self, item: T, out: &mut Output<'_, T>) {
        (self.0)(&item);
        out.emit(item);
    }

    #[inline]
    fn apply(&mut self, item: T, _: &mut Faults) -> Option<T> {
        (self.0)(&item);
        Some(item)
    }

    #[inline]
    fn batch(&mut self, items: &mut Vec<T>, out: &mut Vec<T>) {
        out.extend(items.drain(..).inspect(|item| (self.0)(item)));
    }
}

impl<F, In, Out, E> Stage<In> for TryStage<F>
where
    F: FnMut(&In) -> Result<Out, E> + Send + 'static,
    In: Send + 'static,
    Out: Send + 'static,
    E: Into<BoxError>,
{
    type Out = Out;
    const SHAPE: Shape = Shape::TRIES;

    fn process(&mut self, item: In, out: &mut Output<'_, Out>) {
        match (self.0)(&item) {
            Ok(made) => out.emit(made),
            Err(error) => out.fail(item, error),
        }
    }

    #[inline]
    fn apply(&mut self, item: In, faults: &mut Faults) -> Option<Out> {
        match (self.0)(&item) {
            Ok(made) => Some(made),
            Err(error) => {
                faults.add(item, error.into());
                None
            }
        }
    }
}
