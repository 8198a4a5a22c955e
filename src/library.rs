//! What a script can put in, by name: makers of stages, taps, hand-overs, and of what routes choose by.
//!
//! A script is text, and text holds no closures; so the program names what there is, and the script picks from it. What is
//! made of a change of a script is in `library/make.rs`.
//!
//! See also: [`Script`](crate::Script), which is bound to a library; [`Change`], which names makers.

mod make;
#[cfg(feature = "testing")]
mod sample;

use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use crate::coroutine::Turn;
use crate::edit::Handed;
use crate::error::Refusal;
use crate::model::Kind;
use crate::name::{Name, NameError, Type};
use crate::part::{Part, remake};
use crate::route::Route;
use crate::stage::{Stage, inspect};

pub(crate) use make::{Lack, Making, Shams};
#[cfg(feature = "testing")]
pub(crate) use sample::Sample;

/// Makers by name, each with the types of what it makes.
///
/// Filled by value. All makers share one set of names. A name that is given twice, or malformed, is remembered and is a
/// mistake of every script that is bound to the library. What is put in by a script is made anew each time, by a call of
/// its maker.
///
/// `Display` lists the names in the order in which they were given, with what they make.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use coroute::{Library, filter};
///
/// let seen = Arc::new(AtomicU64::new(0));
/// let library = Library::new()
///     .stage("neg", || |x: i64| -x)
///     .stage("odd", || filter(|x: &i64| x % 2 == 1))
///     .tap("counter", move || {
///         let seen = Arc::clone(&seen);
///         move |_: &i64| _ = seen.fetch_add(1, Ordering::Relaxed)
///     })
///     .key("last_digit", |x: &i64| x % 10)
///     .predicate("small", |x: &i64| *x < 100)
///     .generator("alternate", |mut turn| async move {
///         loop {
///             turn.to("v1").await;
///             turn.to("v2").await;
///         }
///     });
/// assert_eq!(
///     format!("\n{library}"),
///     "
/// neg         stage      i64 -> i64
/// odd         stage      i64 -> i64
/// counter     tap        i64
/// last_digit  key        i64
/// small       predicate  i64
/// alternate   generator
/// "
/// );
/// ```
#[derive(Clone, Default)]
#[must_use = "a library does nothing until a script is bound to it"]
pub struct Library {
    makers: Vec<(Name, Maker)>,
    wrong: Vec<Wrong>,
}

/// What is wrong with a library.
#[derive(Clone)]
enum Wrong {
    Malformed(NameError),
    Twice(Name),
}

#[derive(Clone)]
enum Maker {
    Stage(Product),
    Tap(Product),
    HandOver(Heir),
    Key(Chooser),
    Predicate(Chooser),
    Choice(Chooser),
    Generator(Chooser),
}

/// Makes stages or taps.
#[derive(Clone)]
struct Product {
    make: Arc<dyn Fn(Name) -> (Part, Option<Refusal>) + Send + Sync>,
    input: Type,
    output: Type,
    state: Type,
    /// Whether it is one step, so that nothing more has to be known of what is inside.
    plain: bool,
}

/// Makes stages of the stages that they replace.
#[derive(Clone)]
struct Heir {
    make: Arc<dyn Fn() -> Handed + Send + Sync>,
    takes: Type,
    gives: Type,
    plain: bool,
}

type Choosing = dyn Fn(&[Name]) -> Route + Send + Sync;

/// Makes routes that choose by something.
#[derive(Clone)]
struct Chooser {
    make: Arc<Choosing>,
    /// What it looks at, if it does.
    item: Option<Type>,
}

fn product<In, S>(kind: Kind, make: impl Fn() -> S + Send + Sync + 'static) -> Product
where
    In: Send + 'static,
    S: Stage<In>,
{
    let is_tap = matches!(kind, Kind::Tap);
    let make = move |name| {
        let (mut part, wrong) = Part::new::<In, S>(name, make());
        if is_tap {
            part.entry.iter_mut().for_each(|entry| entry.kind = Kind::Tap);
        }
        (part, wrong)
    };
    let (input, output, state) = (Type::of::<In>(), Type::of::<S::Out>(), Type::of::<S>());
    Product { make: Arc::new(make), input, output, state, plain: S::PLAIN }
}

impl Library {
    /// A library without makers.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, name: &str, maker: Maker) -> Self {
        match Name::new(name) {
            Err(error) => self.wrong.push(Wrong::Malformed(error)),
            Ok(name) if self.get(&name).is_some() => self.wrong.push(Wrong::Twice(name)),
            Ok(name) => self.makers.push((name, maker)),
        }
        self
    }

    /// The library with a maker of stages, for `insert`, `replace` and `attach`: of closures, adaptors, pipelines, switches,
    /// or any [`Stage`].
    ///
    /// Binding a script calls the makers of pipelines and switches that it uses, once each, to know the names inside.
    pub fn stage<In, S>(self, name: impl AsRef<str>, make: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        In: Send + 'static,
        S: Stage<In>,
    {
        self.with(name.as_ref(), Maker::Stage(product::<In, S>(Kind::Stage, make)))
    }

    /// The library with a maker of observers, for `tap`.
    pub fn tap<T, L>(self, name: impl AsRef<str>, make: impl Fn() -> L + Send + Sync + 'static) -> Self
    where
        T: Send + 'static,
        L: FnMut(&T) + Send + 'static,
    {
        self.with(name.as_ref(), Maker::Tap(product::<T, _>(Kind::Tap, move || inspect(make()))))
    }

    /// The library with a maker of stages out of those that they replace, for `replace ... keeping its state`; see
    /// [`Controller::replace_with`](crate::Controller::replace_with).
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Library, Output, Stage};
    ///
    /// struct Total(i64);
    /// struct Double(i64);
    ///
    /// impl Stage<i64> for Total {
    ///     type Out = i64;
    ///     fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
    ///         self.0 += item;
    ///         out.emit(self.0);
    ///     }
    /// }
    ///
    /// impl Stage<i64> for Double {
    ///     type Out = i64;
    ///     fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
    ///         self.0 += 2 * item;
    ///         out.emit(self.0);
    ///     }
    /// }
    ///
    /// let library = Library::new().hand_over("double", |old: Total| Double(old.0));
    /// assert_eq!(library.to_string(), "double  hand-over  Total -> Double\n");
    /// ```
    pub fn hand_over<In, Old, New>(
        self,
        name: impl AsRef<str>,
        make: impl Fn(Old) -> New + Send + Sync + 'static,
    ) -> Self
    where
        In: Send + 'static,
        Old: Stage<In>,
        New: Stage<In>,
    {
        let make = Arc::new(make);
        let hand = move || {
            let make = Arc::clone(&make);
            Handed {
                input: Type::of::<In>(),
                output: Type::of::<New::Out>(),
                state: Type::of::<New>(),
                make: remake::<In, Old, New>(move |old| make(old)),
            }
        };
        let (takes, gives) = (Type::of::<Old>(), Type::of::<New>());
        self.with(
            name.as_ref(),
            Maker::HandOver(Heir { make: Arc::new(hand), takes, gives, plain: Old::PLAIN && New::PLAIN }),
        )
    }

    /// The library with a key, for `route ... -> key ... by`; see [`Route::by_key`].
    pub fn key<T: 'static, K: Hash>(
        self,
        name: impl AsRef<str>,
        key: impl Fn(&T) -> K + Send + Sync + 'static,
    ) -> Self {
        let key = Arc::new(key);
        let make = move |targets: &[Name]| {
            let key = Arc::clone(&key);
            Route::by_key(targets.iter().map(Name::as_str), move |item: &T| key(item))
        };
        self.with(name.as_ref(), Maker::Key(Chooser { make: Arc::new(make), item: Some(Type::of::<T>()) }))
    }

    /// The library with a predicate, for `route ... -> when ... by` with two targets; see [`Route::when`].
    pub fn predicate<T: 'static>(
        self,
        name: impl AsRef<str>,
        test: impl Fn(&T) -> bool + Send + Sync + 'static,
    ) -> Self {
        let chooser = Chooser::index(move |item: &T| usize::from(!test(item)));
        self.with(name.as_ref(), Maker::Predicate(chooser))
    }

    /// The library with a choice among any number of targets, for `route ... -> when ... by`; see [`Route::choose`].
    pub fn choice<T: 'static>(
        self,
        name: impl AsRef<str>,
        choose: impl Fn(&T) -> usize + Send + Sync + 'static,
    ) -> Self {
        self.with(name.as_ref(), Maker::Choice(Chooser::index(choose)))
    }

    /// The library with a generator, for `route ... -> generator ... by`; see [`Route::generator`].
    pub fn generator<F>(self, name: impl AsRef<str>, body: impl Fn(Turn) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let make = move |targets: &[Name]| Route::generator(targets.iter().map(Name::as_str), &body);
        self.with(name.as_ref(), Maker::Generator(Chooser { make: Arc::new(make), item: None }))
    }

    fn get(&self, name: &Name) -> Option<&Maker> {
        self.makers.iter().find(|(known, _)| known == name).map(|(_, maker)| maker)
    }

    /// What is wrong with the library itself.
    pub(crate) fn mistakes(&self) -> impl Iterator<Item = String> {
        self.wrong.iter().map(|wrong| match wrong {
            Wrong::Malformed(error) => format!("in the library: {error}"),
            Wrong::Twice(name) => format!("the library has two makers called {name:?}; use another name for one"),
        })
    }
}

impl Chooser {
    fn index<T: 'static>(choose: impl Fn(&T) -> usize + Send + Sync + 'static) -> Self {
        let choose = Arc::new(choose);
        let make = move |targets: &[Name]| {
            let choose = Arc::clone(&choose);
            Route::choose(targets.iter().map(Name::as_str), move |item: &T| choose(item))
        };
        Self { make: Arc::new(make), item: Some(Type::of::<T>()) }
    }
}

impl Maker {
    fn kind(&self) -> &'static str {
        match self {
            Self::Stage(_) => "stage",
            Self::Tap(_) => "tap",
            Self::HandOver(_) => "hand-over",
            Self::Key(_) => "key",
            Self::Predicate(_) => "predicate",
            Self::Choice(_) => "choice",
            Self::Generator(_) => "generator",
        }
    }

    fn types(&self) -> String {
        match self {
            Self::Stage(product) => format!("{} -> {}", product.input, product.output),
            Self::Tap(product) => product.input.to_string(),
            Self::HandOver(heir) => format!("{} -> {}", heir.takes, heir.gives),
            Self::Key(by) | Self::Predicate(by) | Self::Choice(by) | Self::Generator(by) => {
                by.item.map_or_else(String::new, |item| item.to_string())
            }
        }
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
        let names = width(&mut self.makers.iter().map(|(name, _)| name.as_str()));
        let kinds = width(&mut self.makers.iter().map(|(_, maker)| maker.kind()));
        self.makers.iter().try_for_each(|(name, maker)| {
            let line = format!("{name:<names$}  {:<kinds$}  {}", maker.kind(), maker.types());
            writeln!(f, "{}", line.trim_end())
        })
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.makers.iter().map(|(name, maker)| (name, maker.kind()));
        f.debug_map().entries(names).finish()
    }
}
