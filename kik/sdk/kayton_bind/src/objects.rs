//! Values of any type where a crate takes a trait object: `any_of!` makes, for one trait, a module that turns what the
//! program holds into `Box<dyn Trait>` or `&dyn Trait`, by the types that have the trait. Also [`Kept`], the values that
//! references inside lists and tuples point to while a call runs.

use std::cell::RefCell;

use kayton_api::{KtTypeInfo, KtValue};

use crate::call::{raise, Exit};

/// Values that live as long as one call. They stay where they are while more are added.
pub struct Kept<T: ?Sized>(RefCell<Vec<*mut T>>);

impl<T: ?Sized> Default for Kept<T> {
    fn default() -> Kept<T> {
        Kept(RefCell::new(Vec::new()))
    }
}
impl<T: ?Sized> Kept<T> {
    pub fn hold(&self, value: Box<T>) -> &T {
        let place = Box::into_raw(value);
        self.0.borrow_mut().push(place);
        // The box is freed when the arena is, which the borrow outlasts.
        unsafe { &*place }
    }
}
impl<T: ?Sized> Drop for Kept<T> {
    fn drop(&mut self) {
        for place in self.0.get_mut().drain(..) {
            drop(unsafe { Box::from_raw(place) });
        }
    }
}

#[cold]
pub fn no_object(value: &KtValue, object: &str) -> Exit {
    let info: *const KtTypeInfo = value.r#type;
    let name = unsafe { std::ffi::CStr::from_ptr((*info).name) }.to_string_lossy();
    raise("TypeError", &format!("a value of type '{name}' is no {object}"))
}

/// `any_of!(any0, "shapes.Shape", (shapes::Shape), [3: shapes::Circle])`: the module `any0` for `dyn shapes::Shape`,
/// and the handle types that have the trait, by their place in the table of types. Which of the plain types have it is
/// found by method resolution: `Can` where rustc knows the impl, else `Cannot`.
#[macro_export]
macro_rules! any_of {
    ($name:ident, $shown:literal, ($($bound:tt)*), [$($slot:literal: $handle:ty),*]) => {
        mod $name {
            use super::*;
            pub type Object = dyn $($bound)*;
            struct Probe<T>(std::marker::PhantomData<T>);
            trait Can<T> {
                fn give(&self, value: T) -> Option<Box<Object>>;
                fn lend<'a>(&self, value: &'a T) -> Option<&'a Object>;
            }
            impl<T: $($bound)* + 'static> Can<T> for Probe<T> {
                fn give(&self, value: T) -> Option<Box<Object>> {
                    Some(Box::new(value))
                }
                fn lend<'a>(&self, value: &'a T) -> Option<&'a Object> {
                    Some(value)
                }
            }
            trait Cannot<T> {
                fn give(&self, _: T) -> Option<Box<Object>> {
                    None
                }
                fn lend<'a>(&self, _: &'a T) -> Option<&'a Object> {
                    None
                }
            }
            impl<T> Cannot<T> for &Probe<T> {}
            macro_rules! give {
                ($ty:ty, $value:expr) => {
                    (&Probe::<$ty>(std::marker::PhantomData)).give($value)
                };
            }
            unsafe fn plain(value: &KtValue) -> Option<Box<Object>> {
                unsafe {
                    match kind_of(value) {
                        NONE => give!(Option<i64>, None).or_else(|| give!(Option<String>, None)).or_else(|| give!((), ())),
                        BOOL => give!(bool, as_bool(*value) != 0),
                        INT => {
                            let whole = as_int(*value);
                            give!(i64, whole)
                                .or_else(|| i32::try_from(whole).ok().and_then(|whole| give!(i32, whole)))
                                .or_else(|| u64::try_from(whole).ok().and_then(|whole| give!(u64, whole)))
                                .or_else(|| give!(f64, whole as f64))
                        }
                        FLOAT => give!(f64, as_float(*value)).or_else(|| give!(f32, as_float(*value) as f32)),
                        STR => give!(String, st(value.payload as S).to_owned()),
                        BYTES => give!(Vec<u8>, by(value.payload as B).to_vec()),
                        _ => None,
                    }
                }
            }
            /// Takes crate values over.
            pub unsafe fn own(value: &KtValue, by: &'static std::ffi::CStr) -> Ret<Box<Object>> {
                unsafe {
                    $(if std::ptr::eq(value.r#type, T[$slot].info()) {
                        if let Some(object) = give!($handle, hval::<$handle>(value.payload as H, by)?) {
                            return Ok(object);
                        }
                    })*
                    plain(value).ok_or_else(|| no_object(value, $shown))
                }
            }
            /// Looks at crate values where they are.
            pub unsafe fn lend<'a>(value: &KtValue, kept: &'a Kept<Object>) -> Ret<&'a Object> {
                unsafe {
                    $(if std::ptr::eq(value.r#type, T[$slot].info()) {
                        let there: &'a $handle = href::<$handle>(value.payload as H)?;
                        if let Some(object) = (&Probe::<$handle>(std::marker::PhantomData)).lend(there) {
                            return Ok(object);
                        }
                    })*
                    plain(value).map(|object| kept.hold(object)).ok_or_else(|| no_object(value, $shown))
                }
            }
        }
    };
}
