//! What generic items are bound for. choices.json is rustdoc's JSON of this file, made as that of tiny.rs is.
//! A `Grid` is what people use.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Deref, DerefMut};

pub trait Count: Copy {}
impl Count for u8 {}
impl Count for u32 {}
impl Count for usize {}

/// Its counter has a default.
pub struct Shelf<C = u32> {
    pub books: C,
}
pub fn shelf<C: Count>(books: C) -> Shelf<C> {
    Shelf { books }
}

pub trait Walk {
    fn steps(&self) -> usize;
}
pub struct Around<W>(pub W);
pub struct Plain<T>(pub Vec<T>);
impl<W> Walk for &Around<W> {
    fn steps(&self) -> usize {
        1
    }
}
impl<T> Walk for &Plain<T> {
    fn steps(&self) -> usize {
        self.0.len()
    }
}
pub fn around(plain: Plain<i64>) -> Around<Plain<i64>> {
    Around(plain)
}
pub fn count<W: Walk>(walk: W) -> usize {
    walk.steps()
}

pub trait Pair {}
impl<N: Copy> Pair for (N, N) {}
pub fn pairs<P: Pair>(pairs: Vec<P>) -> usize {
    pairs.len()
}

pub trait Arguments {}
impl Arguments for () {}
impl Arguments for i64 {}
pub fn run<A: Arguments>(_arguments: A) {}

pub struct Inner(i64);
impl Inner {
    pub fn look(&self) -> i64 {
        self.0
    }
    pub fn change(&mut self, to: i64) {
        self.0 = to
    }
}
pub struct Guard(Inner);
impl Deref for Guard {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
impl DerefMut for Guard {
    fn deref_mut(&mut self) -> &mut Inner {
        &mut self.0
    }
}
pub struct Fixed(Inner);
impl Deref for Fixed {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

pub struct One;
pub struct Two;
pub struct Sheet<T, D> {
    pub cells: Vec<T>,
    pub shape: D,
}
pub type Ark<T> = Sheet<T, One>;
pub type Grid<T> = Sheet<T, Two>;

pub fn counts(words: Vec<String>) -> HashMap<String, usize> {
    words.into_iter().fold(HashMap::new(), |mut counts, word| {
        *counts.entry(word).or_default() += 1;
        counts
    })
}
pub fn total(prices: &BTreeMap<String, f64>) -> f64 {
    prices.values().sum()
}

pub struct Input<'h>(&'h str);
impl<'h, H: ?Sized + AsRef<str>> From<&'h H> for Input<'h> {
    fn from(text: &'h H) -> Input<'h> {
        Input(text.as_ref())
    }
}
pub fn search<'h, I: Into<Input<'h>>>(input: I) -> Input<'h> {
    input.into()
}
