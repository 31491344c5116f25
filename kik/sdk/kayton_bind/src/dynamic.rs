//! Any Kayton value as a Rust value: what containers and algorithms of crates hold when the program's types decide. It
//! compares, orders, hashes and prints as the VM does. The compiler gives values that come back their static type.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem::ManuallyDrop;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Rem, Sub};

use kayton_api::{KtStr, KtTypeInfo, KtValue};

use crate::call::{context, raise, unwind, Exit};
use crate::values::{dynamic_type, is_none, new_str, st, vfloat, vint, vnone};

pub struct Dynamic(KtValue);

/// A copy of what a place holds.
pub unsafe fn dynamic(value: &KtValue) -> Dynamic {
    let mut copy = vnone();
    let context = context();
    let to: *mut KtValue = &mut copy;
    unsafe {
        (context.api().value_copy)(context.vm, dynamic_type(), to.cast(), std::ptr::from_ref(value).cast());
    }
    Dynamic(copy)
}

impl Dynamic {
    /// Takes over the reference that the value holds.
    pub unsafe fn own(value: KtValue) -> Dynamic {
        Dynamic(value)
    }
    /// Gives the reference away.
    pub fn give(self) -> KtValue {
        ManuallyDrop::new(self).0
    }
    pub fn is_none(&self) -> bool {
        is_none(self.0)
    }
    fn place(&self) -> *mut std::ffi::c_void {
        std::ptr::from_ref(&self.0).cast_mut().cast()
    }
    #[cfg(feature = "serde_core")]
    pub(crate) fn as_place(&self) -> crate::walk::Place {
        unsafe { crate::walk::Place::new(dynamic_type(), self.place()) }
    }
    fn kind(&self) -> u32 {
        unsafe { kind_of(&self.0) }
    }
    fn text(&self, repr: bool) -> Result<String, Exit> {
        let context = context();
        let api = context.api();
        let mut out: *mut KtStr = std::ptr::null_mut();
        unsafe {
            let make = if repr { api.value_repr } else { api.value_str };
            if make(context.vm, dynamic_type(), self.place(), &mut out) != 0 {
                return Err(Exit::Raised);
            }
            let text = st(out).to_owned();
            context.release(out.cast::<kayton_api::KtObject>());
            Ok(text)
        }
    }
}

impl Drop for Dynamic {
    fn drop(&mut self) {
        let context = context();
        unsafe { context.release_value(dynamic_type(), self.place()) }
    }
}
impl Clone for Dynamic {
    fn clone(&self) -> Dynamic {
        unsafe { dynamic(&self.0) }
    }
}
impl Default for Dynamic {
    fn default() -> Dynamic {
        Dynamic(vnone())
    }
}
impl fmt::Display for Dynamic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With the formatter's width, fill and precision.
        match self.kind() {
            INT => fmt::Display::fmt(&(self.0.payload as i64), f),
            FLOAT if f.precision().is_some() => fmt::Display::fmt(&f64::from_bits(self.0.payload), f),
            _ => f.pad(&self.text(false).unwrap_or_else(|exit| unwind(exit))),
        }
    }
}
impl fmt::Debug for Dynamic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            INT => fmt::Debug::fmt(&(self.0.payload as i64), f),
            FLOAT => fmt::Debug::fmt(&f64::from_bits(self.0.payload), f),
            // As Rust quotes it.
            STR => fmt::Debug::fmt(unsafe { st(self.0.payload as *mut KtStr) }, f),
            NONE => f.write_str("()"),
            _ => f.pad(&self.text(true).unwrap_or_else(|exit| unwind(exit))),
        }
    }
}
impl PartialEq for Dynamic {
    fn eq(&self, other: &Dynamic) -> bool {
        let context = context();
        let mut equal = 0;
        unsafe {
            if (context.api().value_eq)(context.vm, dynamic_type(), self.place(), other.place(), &mut equal) != 0 {
                unwind(Exit::Raised);
            }
        }
        equal != 0
    }
}
impl Eq for Dynamic {}
impl Hash for Dynamic {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let context = context();
        let mut hash = 0;
        unsafe {
            if (context.api().value_hash)(context.vm, dynamic_type(), self.place(), &mut hash) != 0 {
                unwind(Exit::Raised);
            }
        }
        state.write_i64(hash);
    }
}
impl PartialOrd for Dynamic {
    fn partial_cmp(&self, other: &Dynamic) -> Option<Ordering> {
        let context = context();
        let mut order = 0;
        unsafe {
            if (context.api().value_compare)(context.vm, dynamic_type(), self.place(), other.place(), &mut order) != 0 {
                unwind(Exit::Raised);
            }
        }
        match order {
            2 => None,
            order => Some(order.cmp(&0)),
        }
    }
}
impl Ord for Dynamic {
    fn cmp(&self, other: &Dynamic) -> Ordering {
        self.partial_cmp(other).unwrap_or_else(|| unwind(raise("ValueError", "values without an order (nan) in an ordered collection")))
    }
}

impl From<i64> for Dynamic {
    fn from(value: i64) -> Dynamic {
        Dynamic(vint(value))
    }
}
impl From<f64> for Dynamic {
    fn from(value: f64) -> Dynamic {
        Dynamic(vfloat(value))
    }
}
impl From<&str> for Dynamic {
    fn from(value: &str) -> Dynamic {
        let text = new_str(value);
        Dynamic(KtValue { r#type: unsafe { (*text).base.r#type }, payload: text as u64 })
    }
}

pub const NONE: u32 = 0;
pub const BOOL: u32 = 1;
pub const INT: u32 = 2;
pub const FLOAT: u32 = 3;
pub const STR: u32 = 4;
pub const BYTES: u32 = 5;

/// Which of the VM's kinds of type a value has.
pub unsafe fn kind_of(value: &KtValue) -> u32 {
    unsafe { (*value.r#type).kind }
}

fn refuse(what: &str, a: &Dynamic, b: &Dynamic) -> ! {
    let name = |value: &Dynamic| unsafe {
        let info: *const KtTypeInfo = value.0.r#type;
        std::ffi::CStr::from_ptr((*info).name).to_string_lossy().into_owned()
    };
    unwind(raise("TypeError", &format!("unsupported operand type(s) for {what}: '{}' and '{}'", name(a), name(b))))
}
fn number(value: &Dynamic) -> Option<f64> {
    match value.kind() {
        FLOAT => Some(f64::from_bits(value.0.payload)),
        INT | BOOL => Some(value.0.payload as i64 as f64),
        _ => None,
    }
}

macro_rules! arithmetic {
    ($trait:ident, $method:ident, $sign:expr, $int:ident, $float:expr) => {
        impl $trait for Dynamic {
            type Output = Dynamic;
            fn $method(self, other: Dynamic) -> Dynamic {
                let whole = |value: &Dynamic| matches!(value.kind(), INT | BOOL);
                if whole(&self) && whole(&other) {
                    return match (self.0.payload as i64).$int(other.0.payload as i64) {
                        Some(value) => value.into(),
                        None => unwind(raise("OverflowError", concat!("the result of ", $sign, " does not fit in an int"))),
                    };
                }
                if $sign == "+" && self.kind() == STR && other.kind() == STR {
                    let text = |value: &Dynamic| unsafe { st(value.0.payload as *mut KtStr) }.to_owned();
                    return (text(&self) + &text(&other)).as_str().into();
                }
                match (number(&self), number(&other)) {
                    (Some(a), Some(b)) => $float(a, b).into(),
                    _ => refuse($sign, &self, &other),
                }
            }
        }
        impl<'a> $trait<&'a Dynamic> for Dynamic {
            type Output = Dynamic;
            fn $method(self, other: &'a Dynamic) -> Dynamic {
                self.$method(other.clone())
            }
        }
    };
}
arithmetic!(Add, add, "+", checked_add, |a: f64, b: f64| a + b);
arithmetic!(Sub, sub, "-", checked_sub, |a: f64, b: f64| a - b);
arithmetic!(Mul, mul, "*", checked_mul, |a: f64, b: f64| a * b);
arithmetic!(Div, div, "/", checked_div, |a: f64, b: f64| a / b);
arithmetic!(Rem, rem, "%", checked_rem, |a: f64, b: f64| a % b);
impl AddAssign for Dynamic {
    fn add_assign(&mut self, other: Dynamic) {
        *self = std::mem::take(self) + other;
    }
}
impl Neg for Dynamic {
    type Output = Dynamic;
    fn neg(self) -> Dynamic {
        match self.kind() {
            FLOAT => (-f64::from_bits(self.0.payload)).into(),
            _ => Dynamic::from(0) - self,
        }
    }
}
impl std::iter::Sum for Dynamic {
    fn sum<I: Iterator<Item = Dynamic>>(values: I) -> Dynamic {
        values.fold(Dynamic::from(0), |total, value| total + value)
    }
}
