//! The operations of exported types that the VM calls by itself (`KtTypeOps`), one generic thunk each, picked by the
//! options of `#[kayton_export(…)]`.

use std::cmp::Ordering;
use std::ffi::c_void;
use std::fmt::{Debug, Display};
use std::hash::{DefaultHasher, Hash, Hasher};

use kayton_api::{KtHandle, KtStr, KT_OK};

use crate::guard::{context, guard};
use crate::handle::{new_handle, peek, Exported};

pub unsafe extern "C" fn str<T: Exported + Display>(object: *mut c_void, out: *mut *mut KtStr) -> i32 {
    guard(|| unsafe {
        let text = peek::<T>(object)?.to_string();
        out.write(context().str_new(&text));
        Ok(KT_OK)
    })
}

pub unsafe extern "C" fn repr<T: Exported + Debug>(object: *mut c_void, out: *mut *mut KtStr) -> i32 {
    guard(|| unsafe {
        let text = format!("{:?}", peek::<T>(object)?);
        out.write(context().str_new(&text));
        Ok(KT_OK)
    })
}

pub unsafe extern "C" fn eq<T: Exported + PartialEq>(a: *mut c_void, b: *mut c_void, out: *mut u8) -> i32 {
    guard(|| unsafe {
        out.write((peek::<T>(a)? == peek::<T>(b)?) as u8);
        Ok(KT_OK)
    })
}

pub unsafe extern "C" fn compare<T: Exported + PartialOrd>(a: *mut c_void, b: *mut c_void, out: *mut i64) -> i32 {
    guard(|| unsafe {
        out.write(match peek::<T>(a)?.partial_cmp(peek::<T>(b)?) {
            Some(Ordering::Less) => -1,
            Some(Ordering::Equal) => 0,
            Some(Ordering::Greater) => 1,
            None => 2,
        });
        Ok(KT_OK)
    })
}

pub unsafe extern "C" fn hash<T: Exported + Hash>(object: *mut c_void, out: *mut i64) -> i32 {
    guard(|| unsafe {
        out.write(hash_of(peek::<T>(object)?));
        Ok(KT_OK)
    })
}

pub unsafe extern "C" fn clone<T: Exported + Clone>(object: *mut c_void, out: *mut *mut c_void) -> i32 {
    guard(|| unsafe {
        let copy = peek::<T>(object)?.clone();
        out.cast::<*mut KtHandle>().write(new_handle(copy));
        Ok(KT_OK)
    })
}

pub fn hash_of<T: Hash + ?Sized>(value: &T) -> i64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() as i64
}
