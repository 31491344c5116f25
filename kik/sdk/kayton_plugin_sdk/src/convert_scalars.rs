//! None, bool, int, float and text.

use kayton_api::{KtBytes, KtObject, KtStr};

use crate::convert::{FromStored, IntoKayton, KaytonType};
use crate::error::{raise, Raised};
use crate::guard::context;
use crate::{pointer_forms, scalar_forms};

unsafe impl KaytonType for () {
    scalar_forms!(u8);
    fn describe(out: &mut String) {
        out.push_str("None");
    }
}

impl IntoKayton for () {
    #[inline(always)]
    unsafe fn store(self, out: *mut u8) -> Result<(), Raised> {
        unsafe { out.write(0) };
        Ok(())
    }
}

unsafe impl KaytonType for bool {
    scalar_forms!(u8);
    fn describe(out: &mut String) {
        out.push_str("bool");
    }
}

unsafe impl FromStored for bool {
    #[inline(always)]
    unsafe fn load(stored: *const u8) -> Result<bool, Raised> {
        Ok(unsafe { *stored } != 0)
    }
}

impl IntoKayton for bool {
    #[inline(always)]
    unsafe fn store(self, out: *mut u8) -> Result<(), Raised> {
        unsafe { out.write(self as u8) };
        Ok(())
    }
}

#[cold]
fn does_not_fit(
    value: impl std::fmt::Display,
    what: &str,
    low: impl std::fmt::Display,
    high: impl std::fmt::Display,
) -> Raised {
    raise("OverflowError", &format!("{value} does not fit {what} ({low} to {high})"))
}

macro_rules! integer {
    ($($int:ident)*) => {$(
        unsafe impl KaytonType for $int {
            scalar_forms!(i64);
            fn describe(out: &mut String) {
                out.push_str("int");
            }
        }
        unsafe impl FromStored for $int {
            #[inline(always)]
            unsafe fn load(stored: *const i64) -> Result<$int, Raised> {
                let value = unsafe { *stored };
                $int::try_from(value).map_err(|_| does_not_fit(value, stringify!($int), $int::MIN, $int::MAX))
            }
        }
        impl IntoKayton for $int {
            #[inline(always)]
            unsafe fn store(self, out: *mut i64) -> Result<(), Raised> {
                let value = i64::try_from(self).map_err(|_| does_not_fit(self, "int", i64::MIN, i64::MAX))?;
                unsafe { out.write(value) };
                Ok(())
            }
        }
    )*};
}
integer!(i8 i16 i32 u16 u32 u64 usize isize i128 u128);

unsafe impl KaytonType for i64 {
    scalar_forms!(i64);
    fn describe(out: &mut String) {
        out.push_str("int");
    }
}

unsafe impl FromStored for i64 {
    #[inline(always)]
    unsafe fn load(stored: *const i64) -> Result<i64, Raised> {
        Ok(unsafe { *stored })
    }
    unsafe fn view_sequence(sequence: *const KtObject) -> Option<*const [i64]> {
        Some(unsafe { kayton_api::KtList::as_slice::<i64>(sequence.cast()) })
    }
}

impl IntoKayton for i64 {
    #[inline(always)]
    unsafe fn store(self, out: *mut i64) -> Result<(), Raised> {
        unsafe { out.write(self) };
        Ok(())
    }
}

/// A single `u8` is an int, a sequence of them is `bytes`.
unsafe impl KaytonType for u8 {
    scalar_forms!(i64);
    fn describe(out: &mut String) {
        out.push_str("int");
    }
    fn describe_sequence(out: &mut String) {
        out.push_str("bytes");
    }
}

unsafe impl FromStored for u8 {
    #[inline(always)]
    unsafe fn load(stored: *const i64) -> Result<u8, Raised> {
        let value = unsafe { *stored };
        u8::try_from(value).map_err(|_| does_not_fit(value, "u8", u8::MIN, u8::MAX))
    }
    unsafe fn load_sequence(sequence: *const KtObject) -> Result<Vec<u8>, Raised> {
        Ok(unsafe { KtBytes::as_slice(sequence.cast()) }.to_vec())
    }
    unsafe fn view_sequence(sequence: *const KtObject) -> Option<*const [u8]> {
        Some(unsafe { KtBytes::as_slice(sequence.cast()) })
    }
}

impl IntoKayton for u8 {
    #[inline(always)]
    unsafe fn store(self, out: *mut i64) -> Result<(), Raised> {
        unsafe { out.write(i64::from(self)) };
        Ok(())
    }
    fn store_sequence(items: Vec<u8>) -> Result<*mut KtObject, Raised> {
        Ok(context().bytes_new(&items).cast())
    }
}

unsafe impl KaytonType for f64 {
    scalar_forms!(f64);
    fn describe(out: &mut String) {
        out.push_str("float");
    }
}

unsafe impl FromStored for f64 {
    #[inline(always)]
    unsafe fn load(stored: *const f64) -> Result<f64, Raised> {
        Ok(unsafe { *stored })
    }
    unsafe fn view_sequence(sequence: *const KtObject) -> Option<*const [f64]> {
        Some(unsafe { kayton_api::KtList::as_slice::<f64>(sequence.cast()) })
    }
}

impl IntoKayton for f64 {
    #[inline(always)]
    unsafe fn store(self, out: *mut f64) -> Result<(), Raised> {
        unsafe { out.write(self) };
        Ok(())
    }
}

unsafe impl KaytonType for f32 {
    scalar_forms!(f64);
    fn describe(out: &mut String) {
        out.push_str("float");
    }
}

unsafe impl FromStored for f32 {
    #[inline(always)]
    unsafe fn load(stored: *const f64) -> Result<f32, Raised> {
        Ok(unsafe { *stored } as f32)
    }
}

impl IntoKayton for f32 {
    #[inline(always)]
    unsafe fn store(self, out: *mut f64) -> Result<(), Raised> {
        unsafe { out.write(f64::from(self)) };
        Ok(())
    }
}

macro_rules! text {
    ($($ty:ty),*) => {$(
        unsafe impl KaytonType for $ty {
            pointer_forms!(KtStr);
            fn describe(out: &mut String) {
                out.push_str("str");
            }
        }
        impl IntoKayton for $ty {
            #[inline(always)]
            unsafe fn store(self, out: *mut *mut KtStr) -> Result<(), Raised> {
                unsafe { out.write(context().str_new(self.as_ref())) };
                Ok(())
            }
        }
    )*};
}
text!(String, &str, std::borrow::Cow<'_, str>, Box<str>);

unsafe impl FromStored for String {
    #[inline(always)]
    unsafe fn load(stored: *const *mut KtStr) -> Result<String, Raised> {
        Ok(unsafe { KtStr::as_str(*stored) }.to_string())
    }
}

unsafe impl<'a> FromStored for &'a str {
    #[inline(always)]
    unsafe fn load(stored: *const *mut KtStr) -> Result<&'a str, Raised> {
        Ok(unsafe { KtStr::as_str(*stored) })
    }
}

/// A character is a str of one code point.
unsafe impl KaytonType for char {
    pointer_forms!(KtStr);
    fn describe(out: &mut String) {
        out.push_str("str");
    }
}

unsafe impl FromStored for char {
    unsafe fn load(stored: *const *mut KtStr) -> Result<char, Raised> {
        let mut characters = unsafe { KtStr::as_str(*stored) }.chars();
        match (characters.next(), characters.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(raise("ValueError", "expected a str of exactly one character")),
        }
    }
}

impl IntoKayton for char {
    unsafe fn store(self, out: *mut *mut KtStr) -> Result<(), Raised> {
        unsafe { out.write(context().str_new(self.encode_utf8(&mut [0; 4]))) };
        Ok(())
    }
}
