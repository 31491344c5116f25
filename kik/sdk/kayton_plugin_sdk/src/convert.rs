//! Which Rust types cross to Kayton, and in which representation (the table at the top of `shared/kayton_api.h`).
//!
//! A value has a *stored* form (list element, tuple member, result) and an *argument* form (the stored form itself, or
//! a pointer to it for tuples and unions). Parameters are converted in two steps: [`FromKayton::acquire`] checks all of
//! them and takes their borrows, then [`FromKayton::get`] hands them over, so that a call that is refused moves nothing.

use std::fmt::Display;

use kayton_api::{KtObject, KtTypeInfo, KtValue};

use crate::error::{raise_error, Raised};
use crate::guard::context;

/// A Rust type with a Kayton counterpart.
///
/// # Safety
/// The forms are exactly those that the VM uses for the type that `describe` names.
pub unsafe trait KaytonType {
    type Stored: Copy;
    type Arg: Copy;
    /// Stored form of `T | None`: a nullable pointer, or a `KtValue` for what is not a pointer.
    type OptionStored: Copy;
    type OptionArg: Copy;

    /// Appends the type in Kayton's syntax.
    fn describe(out: &mut String);
    fn describe_sequence(out: &mut String) {
        out.push_str("list[");
        Self::describe(out);
        out.push(']');
    }

    fn stored(arg: &Self::Arg) -> *const Self::Stored;
    fn option_stored(arg: &Self::OptionArg) -> *const Self::OptionStored;
    /// Where the value of a `T | None` is; null for None.
    ///
    /// # Safety
    /// `stored` points to a value of `T | None`.
    unsafe fn option_load(stored: *const Self::OptionStored) -> *const Self::Stored;
    /// Makes a `T | None` that owns what `value` owns; null is None.
    ///
    /// # Safety
    /// `value` is null or points to a value whose references are given away.
    unsafe fn option_store(value: *const Self::Stored) -> Self::OptionStored;
}

/// What a parameter can be.
///
/// # Safety
/// Implementations read the stored form of the type.
pub unsafe trait FromKayton<'a>: KaytonType + Sized {
    type Hold: 'a;
    /// Checks the value and keeps what it needs for the call.
    ///
    /// # Safety
    /// `stored` points to a value that lives until the hold is dropped.
    unsafe fn acquire(stored: *const Self::Stored) -> Result<Self::Hold, Raised>;
    /// Hands the value over; called once. `call` names the function, for a later `UseAfterMoveError`.
    ///
    /// # Safety
    /// As for `acquire`.
    unsafe fn get(hold: &'a mut Self::Hold, call: &'static std::ffi::CStr) -> Self;
}

/// A type that is made whole from its stored form, so that it can stand in a `Vec`, `Option` or tuple too.
///
/// # Safety
/// Implementations read the stored form of the type.
pub unsafe trait FromStored: KaytonType + Sized {
    /// # Safety
    /// `stored` points to a value; what is made does not outlive it.
    unsafe fn load(stored: *const Self::Stored) -> Result<Self, Raised>;
    /// # Safety
    /// `sequence` is a living object of the type that `describe_sequence` names.
    unsafe fn load_sequence(sequence: *const KtObject) -> Result<Vec<Self>, Raised> {
        let items = unsafe { kayton_api::KtList::as_slice::<Self::Stored>(sequence.cast()) };
        items.iter().map(|item| unsafe { Self::load(item) }).collect()
    }
    /// The sequence's own memory, where its elements are stored exactly as in Rust.
    ///
    /// # Safety
    /// As for `load_sequence`.
    unsafe fn view_sequence(_sequence: *const KtObject) -> Option<*const [Self]> {
        None
    }
}

/// What a result can be made of.
pub trait IntoKayton: KaytonType + Sized {
    /// Writes the stored form, with ownership, over uninitialised memory.
    ///
    /// # Safety
    /// `out` is writable.
    unsafe fn store(self, out: *mut Self::Stored) -> Result<(), Raised>;
    fn store_sequence(items: Vec<Self>) -> Result<*mut KtObject, Raised> {
        crate::convert_containers::list_of(items)
    }
}

/// What a function can return: a value, or a `Result` of one.
pub trait IntoReturn {
    type Out: Copy;
    fn describe_result(out: &mut String);
    /// The exception class of a fallible function.
    fn raises() -> Option<String>;
    /// # Safety
    /// `out` is writable.
    unsafe fn finish(self, out: *mut Self::Out) -> Result<(), Raised>;
}

impl<T: IntoKayton> IntoReturn for T {
    type Out = T::Stored;
    fn describe_result(out: &mut String) {
        T::describe(out);
    }
    fn raises() -> Option<String> {
        None
    }
    #[inline(always)]
    unsafe fn finish(self, out: *mut T::Stored) -> Result<(), Raised> {
        unsafe { self.store(out) }
    }
}

impl<T: IntoKayton, E: Display + 'static> IntoReturn for Result<T, E> {
    type Out = T::Stored;
    fn describe_result(out: &mut String) {
        T::describe(out);
    }
    fn raises() -> Option<String> {
        Some(crate::error::class_of::<E>())
    }
    #[inline(always)]
    unsafe fn finish(self, out: *mut T::Stored) -> Result<(), Raised> {
        match self {
            Ok(value) => unsafe { value.store(out) },
            Err(error) => Err(raise_error(error)),
        }
    }
}

unsafe impl<'a, T: FromStored + 'a> FromKayton<'a> for T {
    type Hold = Option<T>;
    #[inline(always)]
    unsafe fn acquire(stored: *const Self::Stored) -> Result<Option<T>, Raised> {
        unsafe { T::load(stored) }.map(Some)
    }
    #[inline(always)]
    unsafe fn get(hold: &'a mut Option<T>, _call: &'static std::ffi::CStr) -> T {
        hold.take().expect("a parameter is handed over once")
    }
}

/// The forms of types stored by value (int, float, bool): `T | None` is a `KtValue`.
#[macro_export]
#[doc(hidden)]
macro_rules! scalar_forms {
    ($stored:ty) => {
        type Stored = $stored;
        type Arg = $stored;
        type OptionStored = kayton_api::KtValue;
        type OptionArg = *const kayton_api::KtValue;
        #[inline(always)]
        fn stored(arg: &$stored) -> *const $stored {
            arg
        }
        #[inline(always)]
        fn option_stored(arg: &*const kayton_api::KtValue) -> *const kayton_api::KtValue {
            *arg
        }
        unsafe fn option_load(stored: *const kayton_api::KtValue) -> *const $stored {
            unsafe { $crate::convert::union_payload(stored).cast() }
        }
        unsafe fn option_store(value: *const $stored) -> kayton_api::KtValue {
            if value.is_null() {
                return $crate::convert::none_value();
            }
            let mut payload = 0u64;
            unsafe { (&raw mut payload).cast::<$stored>().write(*value) };
            kayton_api::KtValue { r#type: $crate::convert::type_of::<Self>(), payload }
        }
    };
}

/// The forms of types whose values are pointers to objects: `T | None` is a nullable pointer.
#[macro_export]
#[doc(hidden)]
macro_rules! pointer_forms {
    ($pointee:ty) => {
        type Stored = *mut $pointee;
        type Arg = *mut $pointee;
        type OptionStored = *mut $pointee;
        type OptionArg = *mut $pointee;
        #[inline(always)]
        fn stored(arg: &*mut $pointee) -> *const *mut $pointee {
            arg
        }
        #[inline(always)]
        fn option_stored(arg: &*mut $pointee) -> *const *mut $pointee {
            arg
        }
        #[inline(always)]
        unsafe fn option_load(stored: *const *mut $pointee) -> *const *mut $pointee {
            if unsafe { *stored }.is_null() {
                ::core::ptr::null()
            } else {
                stored
            }
        }
        #[inline(always)]
        unsafe fn option_store(value: *const *mut $pointee) -> *mut $pointee {
            if value.is_null() {
                ::core::ptr::null_mut()
            } else {
                unsafe { *value }
            }
        }
    };
}

/// Where the value of a `KtValue` of a scalar is; null for None.
///
/// # Safety
/// `value` points to a KtValue.
pub unsafe fn union_payload(value: *const KtValue) -> *const u64 {
    unsafe {
        if (*(*value).r#type).kind == kayton_api::KT_KIND_NONE {
            return std::ptr::null();
        }
        &raw const (*value).payload
    }
}

pub fn none_value() -> KtValue {
    KtValue { r#type: type_of::<()>(), payload: 0 }
}

/// The VM's description of a type. Looked up once a type: described types are kept by the address of their `describe`.
pub fn type_of<T: KaytonType + ?Sized>() -> *const KtTypeInfo {
    described(T::describe)
}

/// The VM's description of `list[T]` (or `bytes`).
pub fn sequence_type_of<T: KaytonType>() -> *const KtTypeInfo {
    described(T::describe_sequence)
}

fn described(describe: fn(&mut String)) -> *const KtTypeInfo {
    thread_local! {
        static KNOWN: std::cell::RefCell<Vec<(usize, *const KtTypeInfo)>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    let key = describe as usize;
    KNOWN.with(|known| {
        if let Some(found) = known.borrow().iter().find(|entry| entry.0 == key) {
            return found.1;
        }
        let mut signature = String::new();
        describe(&mut signature);
        let info =
            context().get_type(&signature).unwrap_or_else(|_| panic!("the VM does not know the type '{signature}'"));
        known.borrow_mut().push((key, info));
        info
    })
}
