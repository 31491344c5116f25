//! Types that breed: each method gives an instance of a type around the one it was called on.
//! growing.json is rustdoc's JSON of this file, made as that of tiny.rs is.

pub struct Around<T>(pub T);
pub struct Beside<A, B>(pub A, pub B);

pub struct Seed;
impl Seed {
    pub fn around(&self) -> Around<u8> {
        Around(0)
    }
}
impl<T> Around<T> {
    pub fn again(self) -> Around<Around<T>> {
        Around(self)
    }
    pub fn optional(self) -> Around<Option<T>> {
        Around(Some(self.0))
    }
    pub fn list(self) -> Around<Vec<T>> {
        Around(vec![self.0])
    }
    pub fn twice(self) -> Around<(T, T)>
    where
        T: Clone,
    {
        Around((self.0.clone(), self.0))
    }
    pub fn beside(self) -> Beside<T, u16> {
        Beside(self.0, 0)
    }
}
impl<A, B> Beside<A, B> {
    pub fn swapped(self) -> Beside<B, A> {
        Beside(self.1, self.0)
    }
    pub fn both(self) -> Beside<(A, B), Vec<B>> {
        Beside((self.0, self.1), Vec::new())
    }
}
