//! Lists, bytes, slices, dicts, sets, optional values and tuples.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::{c_void, CStr};
use std::hash::Hash;

use kayton_api::{KtDict, KtObject};

use crate::convert::{sequence_type_of, type_of, FromKayton, FromStored, IntoKayton, IntoReturn, KaytonType};
use crate::error::Raised;
use crate::guard::context;
use crate::pointer_forms;

/// A new list of the values; what was made before a failure is released.
pub fn list_of<T: IntoKayton>(items: Vec<T>) -> Result<*mut KtObject, Raised> {
    unsafe {
        let list = context().list_new(sequence_type_of::<T>(), items.len());
        let data = (*list).data.cast::<T::Stored>();
        for (index, item) in items.into_iter().enumerate() {
            if let Err(raised) = item.store(data.add(index)) {
                (*list).length = index as i64;
                context().release(list);
                return Err(raised);
            }
        }
        Ok(list.cast())
    }
}

unsafe impl<T: KaytonType> KaytonType for Vec<T> {
    pointer_forms!(KtObject);
    fn describe(out: &mut String) {
        T::describe_sequence(out);
    }
}

unsafe impl<T: FromStored> FromStored for Vec<T> {
    unsafe fn load(stored: *const *mut KtObject) -> Result<Vec<T>, Raised> {
        unsafe { T::load_sequence(*stored) }
    }
}

impl<T: IntoKayton> IntoKayton for Vec<T> {
    unsafe fn store(self, out: *mut *mut KtObject) -> Result<(), Raised> {
        unsafe { out.write(T::store_sequence(self)?) };
        Ok(())
    }
}

/// `&[i64]`, `&[f64]` and `&[u8]` are the list's or bytes' own memory; other elements are converted for the call.
unsafe impl<T: KaytonType> KaytonType for &[T] {
    pointer_forms!(KtObject);
    fn describe(out: &mut String) {
        T::describe_sequence(out);
    }
}

pub enum SliceHold<T> {
    Own(Vec<T>),
    View(*const [T]),
}

unsafe impl<'a, T: FromStored + 'a> FromKayton<'a> for &'a [T] {
    type Hold = SliceHold<T>;
    unsafe fn acquire(stored: *const *mut KtObject) -> Result<SliceHold<T>, Raised> {
        unsafe {
            match T::view_sequence(*stored) {
                Some(view) => Ok(SliceHold::View(view)),
                None => T::load_sequence(*stored).map(SliceHold::Own),
            }
        }
    }
    unsafe fn get(hold: &'a mut SliceHold<T>, _call: &'static CStr) -> &'a [T] {
        match hold {
            SliceHold::Own(items) => items,
            SliceHold::View(view) => unsafe { &**view },
        }
    }
}

impl<T: IntoKayton + Clone> IntoKayton for &[T] {
    unsafe fn store(self, out: *mut *mut KtObject) -> Result<(), Raised> {
        unsafe { out.write(T::store_sequence(self.to_vec())?) };
        Ok(())
    }
}

unsafe impl<T: KaytonType> KaytonType for Option<T> {
    type Stored = T::OptionStored;
    type Arg = T::OptionArg;
    type OptionStored = T::OptionStored;
    type OptionArg = T::OptionArg;
    fn describe(out: &mut String) {
        T::describe(out);
        out.push_str(" | None");
    }
    fn stored(arg: &T::OptionArg) -> *const T::OptionStored {
        T::option_stored(arg)
    }
    fn option_stored(arg: &T::OptionArg) -> *const T::OptionStored {
        T::option_stored(arg)
    }
    unsafe fn option_load(stored: *const T::OptionStored) -> *const T::OptionStored {
        if unsafe { T::option_load(stored) }.is_null() {
            std::ptr::null()
        } else {
            stored
        }
    }
    unsafe fn option_store(value: *const T::OptionStored) -> T::OptionStored {
        if value.is_null() {
            unsafe { T::option_store(std::ptr::null()) }
        } else {
            unsafe { *value }
        }
    }
}

unsafe impl<T: FromStored> FromStored for Option<T> {
    unsafe fn load(stored: *const T::OptionStored) -> Result<Option<T>, Raised> {
        let value = unsafe { T::option_load(stored) };
        if value.is_null() {
            Ok(None)
        } else {
            unsafe { T::load(value) }.map(Some)
        }
    }
}

impl<T: IntoKayton> IntoKayton for Option<T> {
    #[inline]
    unsafe fn store(self, out: *mut T::OptionStored) -> Result<(), Raised> {
        unsafe {
            match self {
                None => out.write(T::option_store(std::ptr::null())),
                Some(value) => {
                    let mut stored = std::mem::MaybeUninit::uninit();
                    value.store(stored.as_mut_ptr())?;
                    out.write(T::option_store(stored.as_ptr()));
                }
            }
        }
        Ok(())
    }
}

/// The next item of an iterator: false at its end, with nothing written.
///
/// # Safety
/// `out` is writable.
pub unsafe fn finish_item<T: IntoReturn>(item: Option<T>, out: *mut T::Out) -> Result<i32, Raised> {
    match item {
        None => Ok(kayton_api::KT_STOP),
        Some(value) => unsafe { value.finish(out) }.map(|()| kayton_api::KT_OK),
    }
}

macro_rules! tuple {
    ($form:ident $count:literal: $($name:ident $index:tt)+) => {
        /// A tuple in storage: a C struct of its members.
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub struct $form<$($name),+>($(pub $name),+);

        unsafe impl<$($name: KaytonType),+> KaytonType for ($($name,)+) {
            type Stored = $form<$($name::Stored),+>;
            type Arg = *const Self::Stored;
            type OptionStored = kayton_api::KtValue;
            type OptionArg = *const kayton_api::KtValue;
            fn describe(out: &mut String) {
                out.push_str("tuple[");
                $(
                    if $index > 0 {
                        out.push_str(", ");
                    }
                    $name::describe(out);
                )+
                out.push(']');
            }
            fn stored(arg: &Self::Arg) -> *const Self::Stored {
                *arg
            }
            fn option_stored(arg: &*const kayton_api::KtValue) -> *const kayton_api::KtValue {
                *arg
            }
            unsafe fn option_load(stored: *const kayton_api::KtValue) -> *const Self::Stored {
                unsafe { boxed(stored).cast() }
            }
            unsafe fn option_store(value: *const Self::Stored) -> kayton_api::KtValue {
                unsafe { boxed_value(type_of::<Self>(), value.cast()) }
            }
        }

        unsafe impl<$($name: FromStored),+> FromStored for ($($name,)+) {
            unsafe fn load(stored: *const Self::Stored) -> Result<Self, Raised> {
                unsafe { Ok(($($name::load(&raw const (*stored).$index)?,)+)) }
            }
        }

        impl<$($name: IntoKayton),+> IntoKayton for ($($name,)+) {
            unsafe fn store(self, out: *mut Self::Stored) -> Result<(), Raised> {
                // A member that fails leaves the ones before it to be released.
                let mut done: Vec<(*const kayton_api::KtTypeInfo, *mut c_void)> = Vec::new();
                $(
                    unsafe {
                        let place = &raw mut (*out).$index;
                        if let Err(raised) = self.$index.store(place) {
                            for (info, value) in done {
                                context().release_value(info, value);
                            }
                            return Err(raised);
                        }
                        if $index + 1 < $count {
                            done.push((type_of::<$name>(), place.cast()));
                        }
                    }
                )+
                Ok(())
            }
        }
    };
}
tuple!(Tuple1 1: A 0);
tuple!(Tuple2 2: A 0 B 1);
tuple!(Tuple3 3: A 0 B 1 C 2);
tuple!(Tuple4 4: A 0 B 1 C 2 D 3);
tuple!(Tuple5 5: A 0 B 1 C 2 D 3 E 4);
tuple!(Tuple6 6: A 0 B 1 C 2 D 3 E 4 F 5);

/// Where the boxed tuple of a KtValue is; null for None.
unsafe fn boxed(value: *const kayton_api::KtValue) -> *const u8 {
    unsafe {
        if (*(*value).r#type).kind == kayton_api::KT_KIND_NONE {
            return std::ptr::null();
        }
        ((*value).payload as *const u8).add(std::mem::offset_of!(kayton_api::KtBox, data))
    }
}

/// Boxes a tuple whose references are given away.
unsafe fn boxed_value(info: *const kayton_api::KtTypeInfo, value: *const c_void) -> kayton_api::KtValue {
    if value.is_null() {
        return crate::convert::none_value();
    }
    let context = context();
    unsafe {
        let boxed = (context.api().box_new)(context.vm, info, value);
        context.release_value(info, value.cast_mut());
        kayton_api::KtValue { r#type: info, payload: boxed as u64 }
    }
}

/// Calls `each` with the addresses of every key and value.
unsafe fn each_entry(
    dict: *mut KtDict,
    mut each: impl FnMut(*const c_void, *const c_void) -> Result<(), Raised>,
) -> Result<(), Raised> {
    let context = context();
    let (mut position, mut key, mut value) = (0i64, std::ptr::null_mut(), std::ptr::null_mut());
    unsafe {
        while (context.api().dict_next)(context.vm, dict, &mut position, &mut key, &mut value) == 1 {
            each(key, value)?;
        }
    }
    Ok(())
}

/// Adds one entry; the dict keeps copies, so that what was made here is released.
unsafe fn add_entry<K: IntoKayton, V: IntoKayton>(dict: *mut KtDict, key: K, value: Option<V>) -> Result<(), Raised> {
    let context = context();
    unsafe {
        let mut stored_key = std::mem::MaybeUninit::<K::Stored>::uninit();
        key.store(stored_key.as_mut_ptr())?;
        let mut result = Ok(());
        let mut stored_value = std::mem::MaybeUninit::<V::Stored>::uninit();
        let mut value_place: *mut c_void = std::ptr::null_mut();
        if let Some(value) = value {
            result = value.store(stored_value.as_mut_ptr());
            if result.is_ok() {
                value_place = stored_value.as_mut_ptr().cast();
            }
        }
        if result.is_ok() {
            result = context.dict_set(dict, stored_key.as_ptr().cast(), value_place).map_err(|_| Raised);
            if !value_place.is_null() {
                context.release_value(type_of::<V>(), value_place);
            }
        }
        context.release_value(type_of::<K>(), stored_key.as_mut_ptr().cast());
        result
    }
}

macro_rules! map {
    ($map:ident: $($bound:ident)+) => {
        unsafe impl<K: KaytonType, V: KaytonType> KaytonType for $map<K, V> {
            pointer_forms!(KtDict);
            fn describe(out: &mut String) {
                out.push_str("dict[");
                K::describe(out);
                out.push_str(", ");
                V::describe(out);
                out.push(']');
            }
        }
        unsafe impl<K: FromStored $(+ $bound)+, V: FromStored> FromStored for $map<K, V> {
            unsafe fn load(stored: *const *mut KtDict) -> Result<Self, Raised> {
                let mut map = $map::new();
                unsafe {
                    each_entry(*stored, |key, value| {
                        map.insert(K::load(key.cast())?, V::load(value.cast())?);
                        Ok(())
                    })?;
                }
                Ok(map)
            }
        }
        impl<K: IntoKayton, V: IntoKayton> IntoKayton for $map<K, V> {
            unsafe fn store(self, out: *mut *mut KtDict) -> Result<(), Raised> {
                let dict = context().dict_new(type_of::<Self>());
                for (key, value) in self {
                    if let Err(raised) = unsafe { add_entry(dict, key, Some(value)) } {
                        unsafe { context().release(dict) };
                        return Err(raised);
                    }
                }
                unsafe { out.write(dict) };
                Ok(())
            }
        }
    };
}
map!(HashMap: Eq Hash);
map!(BTreeMap: Ord);

macro_rules! set {
    ($set:ident: $($bound:ident)+) => {
        unsafe impl<K: KaytonType> KaytonType for $set<K> {
            pointer_forms!(KtDict);
            fn describe(out: &mut String) {
                out.push_str("set[");
                K::describe(out);
                out.push(']');
            }
        }
        unsafe impl<K: FromStored $(+ $bound)+> FromStored for $set<K> {
            unsafe fn load(stored: *const *mut KtDict) -> Result<Self, Raised> {
                let mut set = $set::new();
                unsafe {
                    each_entry(*stored, |key, _| {
                        set.insert(K::load(key.cast())?);
                        Ok(())
                    })?;
                }
                Ok(set)
            }
        }
        impl<K: IntoKayton> IntoKayton for $set<K> {
            unsafe fn store(self, out: *mut *mut KtDict) -> Result<(), Raised> {
                let dict = context().dict_new(type_of::<Self>());
                for key in self {
                    if let Err(raised) = unsafe { add_entry::<K, ()>(dict, key, None) } {
                        unsafe { context().release(dict) };
                        return Err(raised);
                    }
                }
                unsafe { out.write(dict) };
                Ok(())
            }
        }
    };
}
set!(HashSet: Eq Hash);
set!(BTreeSet: Ord);
