//! Names, paths and types: how a place in a pipeline is written down.
//!
//! A [`Name`] is one word; a [`Path`] is names joined by `/`, from the outermost pipeline inwards. Both are cheap to
//! clone (one reference count). [`Type`] is a Rust type as it is checked and printed by edits.
//!
//! See also: [`topology`](crate::Topology), which prints them.

#[cfg(feature = "serde")]
mod written;

use std::any::TypeId;
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use smallvec::SmallVec;

/// The name of a stage, a target, a tap or a pipeline: letters, digits, `_`, `-` and `.`, beginning with a letter,
/// a digit or `_`.
///
/// # Examples
///
/// ```
/// use coroute::Name;
///
/// assert_eq!(Name::new("parse_v2")?.as_str(), "parse_v2");
/// let error = Name::new("a b").unwrap_err();
/// assert_eq!(error.to_string(), "cannot use \"a b\" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`");
/// # Ok::<(), coroute::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Arc<str>);

impl Name {
    /// Checks `text` and makes a name of it.
    ///
    /// # Errors
    ///
    /// [`NameError`] holds the text when it is empty or has a character that a path or a script could not hold.
    pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
        let text = text.as_ref();
        let wrong = |(at, c): &(usize, char)| {
            let first = *at == 0 && (*c == '-' || *c == '.');
            first || !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
        };
        match text.char_indices().find(wrong) {
            Some((at, c)) => Err(NameError::new(text, Some((at, c)))),
            None if text.is_empty() => Err(NameError::new(text, None)),
            None => Ok(Self(text.into())),
        }
    }

    /// Stands for a name that was malformed, in what will be refused for it.
    pub(crate) fn stand_in() -> Self {
        Self("_".into())
    }

    /// A text that is no name, to be shown where a name was meant.
    pub(crate) fn malformed(text: &str) -> Self {
        Self(text.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A text that cannot be a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    text: String,
    /// Whether the text was meant as a path.
    path: bool,
    at: Option<(usize, char)>,
}

impl NameError {
    pub(crate) fn new(text: &str, at: Option<(usize, char)>) -> Self {
        Self { text: text.to_owned(), path: false, at }
    }

    /// The refused text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, whose) = if self.path { ("path", "a name in it") } else { ("name", "it") };
        write!(f, "cannot use {:?} as a {what}: ", self.text)?;
        match self.at {
            None => write!(f, "{whose} is empty"),
            Some((0, c @ ('-' | '.'))) => write!(f, "{whose} begins with {c:?}; begin with a letter, a digit or `_`"),
            Some((_, '/')) => f.write_str("'/' is for paths; a name is one word"),
            Some((_, c)) => write!(f, "{c:?} is not a letter, a digit, `_`, `-` or `.`"),
        }
    }
}

impl std::error::Error for NameError {}

/// Where a stage or a target is: names from the outermost pipeline inwards, joined by `/`, such as `checkout/v2/parse`.
///
/// The name of the outermost pipeline itself is left out.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Path(SmallVec<[Name; 2]>);

impl Path {
    /// Parses names joined by `/`.
    ///
    /// # Errors
    ///
    /// [`NameError`] for the first part that is not a [`Name`].
    pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
        let text = text.as_ref();
        let names = text.split('/').map(Name::new).collect::<Result<_, _>>();
        names.map(Self).map_err(|error| NameError { text: text.to_owned(), path: text.contains('/'), ..error })
    }

    /// The names, outermost first.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.0
    }

    /// The path of something called `name` inside this one.
    #[must_use]
    pub fn join(&self, name: &Name) -> Self {
        let mut names = self.0.clone();
        names.push(name.clone());
        Self(names)
    }

    /// The path around the last name, and that name; `None` for the empty path.
    #[must_use]
    pub fn split_last(&self) -> Option<(Self, &Name)> {
        let (last, rest) = self.0.split_last()?;
        Some((Self(rest.iter().cloned().collect()), last))
    }

    /// The path with `to` in the place of `from`, where it begins with that.
    pub(crate) fn rebased(&self, from: &Self, to: &Self) -> Self {
        match self.names().strip_prefix(from.names()) {
            Some(inside) => inside.iter().fold(to.clone(), |path, name| path.join(name)),
            None => self.clone(),
        }
    }

    /// Puts `name` in front, so that the path reads from one level further out.
    pub(crate) fn prefix(&mut self, name: &Name) {
        self.0.insert(0, name.clone());
    }
}

impl From<Name> for Path {
    fn from(name: Name) -> Self {
        Self(smallvec::smallvec![name])
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("/")?;
            }
            f.write_str(name.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// A Rust type as edits compare and print it: without the modules it comes from.
#[derive(Clone, Copy)]
pub struct Type(fn() -> (TypeId, &'static str));

impl Type {
    /// The type `T`.
    #[must_use]
    pub fn of<T: 'static>() -> Self {
        Self(|| (TypeId::of::<T>(), std::any::type_name::<T>()))
    }

    pub(crate) fn id(&self) -> TypeId {
        self.0().0
    }

    /// The type's name with its modules, as the compiler gives it.
    #[must_use]
    pub fn full_name(&self) -> &'static str {
        self.0().1
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        self.0().0 == other.0().0
    }
}

impl Eq for Type {}

impl fmt::Display for Type {
    /// Prints `Vec<String>` for `alloc::vec::Vec<alloc::string::String>`, and `closure` for a closure.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut short = String::new();
        let mut word = 0;
        let mut chars = self.full_name().chars().peekable();
        while let Some(c) = chars.next() {
            if c == ':' && chars.peek() == Some(&':') {
                chars.next();
                short.truncate(word);
            } else {
                short.push(c);
                if !(c.is_alphanumeric() || c == '_') {
                    word = short.len();
                }
            }
        }
        f.pad(&short.replace("{{closure}}", "closure"))
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which stage, whatever it is called now; unique in the program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct NodeId(u64);

impl NodeId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }
}
