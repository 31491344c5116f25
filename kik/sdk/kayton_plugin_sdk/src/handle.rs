//! Exported types: their values live in handles of the VM and are borrowed at run time for the length of a call.

use std::ffi::{c_void, CStr};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, Ordering};

use kayton_api::{KtHandle, KtTypeInfo};

use crate::error::{raise, Raised};
use crate::export::{module_name, TypeExport};
use crate::guard::{context, guard_drop};

/// A type with `#[kayton_export]`. `COPY` types are copied out of their handle where a value is wanted, others moved.
pub trait Exported: Sized + 'static {
    const COPY: bool;
    fn export() -> &'static TypeExport;
}

/// The VM's description of an exported type, set at registration.
pub struct TypeSlot(AtomicPtr<KtTypeInfo>);

impl TypeSlot {
    pub const fn new() -> TypeSlot {
        TypeSlot(AtomicPtr::new(std::ptr::null_mut()))
    }
    pub fn set(&self, info: *const KtTypeInfo) {
        self.0.store(info.cast_mut(), Ordering::Release);
    }
    #[inline(always)]
    pub fn get(&self) -> *const KtTypeInfo {
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for TypeSlot {
    fn default() -> Self {
        TypeSlot::new()
    }
}

/// A new handle that owns the value.
pub fn new_handle<T: Exported>(value: T) -> *mut KtHandle {
    let data: *mut T = Box::into_raw(Box::new(value));
    context().handle_new(T::export().slot.get(), data.cast(), drop_data::<T>)
}

unsafe extern "C" fn drop_data<T>(handle: *mut KtHandle) {
    unsafe {
        let data = std::mem::replace(&mut (*handle).data, std::ptr::null_mut::<c_void>());
        if !data.is_null() {
            guard_drop(|| drop(Box::from_raw(data.cast::<T>())));
        }
    }
}

pub fn describe_exported<T: Exported>(out: &mut String) {
    out.push_str(module_name());
    out.push('.');
    out.push_str(T::export().name);
}

/// The value of a living handle, for operations the VM calls (str, eq, hash …).
///
/// # Safety
/// `object` is a handle of `T`.
pub unsafe fn peek<'a, T: Exported>(object: *mut c_void) -> Result<&'a T, Raised> {
    let handle = object.cast::<KtHandle>();
    unsafe {
        check_present::<T>(handle)?;
        if (*handle).borrow < 0 {
            return Err(borrowed::<T>("mutably borrowed"));
        }
        Ok(&*(*handle).data.cast::<T>())
    }
}

#[cold]
fn moved<T: Exported>(handle: *const KtHandle) -> Raised {
    let by = unsafe { (*handle).moved_by };
    let by = if by.is_null() { "a call".into() } else { unsafe { CStr::from_ptr(by) }.to_string_lossy() };
    raise("UseAfterMoveError", &format!("this {}.{} was moved into {by}", module_name(), T::export().name))
}

#[cold]
fn borrowed<T: Exported>(how: &str) -> Raised {
    raise("BorrowError", &format!("this {}.{} is {how}", module_name(), T::export().name))
}

#[inline(always)]
unsafe fn check_present<T: Exported>(handle: *const KtHandle) -> Result<(), Raised> {
    if unsafe { (*handle).data }.is_null() {
        Err(moved::<T>(handle))
    } else {
        Ok(())
    }
}

/// A `&T` parameter for the length of a call.
pub struct Shared<T>(*mut KtHandle, PhantomData<T>);

impl<T: Exported> Shared<T> {
    /// # Safety
    /// `handle` is a living handle of `T`.
    #[inline(always)]
    pub unsafe fn acquire(handle: *mut KtHandle) -> Result<Shared<T>, Raised> {
        unsafe {
            check_present::<T>(handle)?;
            if (*handle).borrow < 0 {
                return Err(borrowed::<T>("mutably borrowed"));
            }
            (*handle).borrow += 1;
        }
        Ok(Shared(handle, PhantomData))
    }
    #[inline(always)]
    pub fn value(&self) -> &T {
        unsafe { &*(*self.0).data.cast::<T>() }
    }
}

impl<T> Drop for Shared<T> {
    #[inline(always)]
    fn drop(&mut self) {
        unsafe { (*self.0).borrow -= 1 };
    }
}

/// A `&mut T` or `T` parameter for the length of a call.
pub struct Exclusive<T>(*mut KtHandle, PhantomData<T>);

impl<T: Exported> Exclusive<T> {
    /// # Safety
    /// `handle` is a living handle of `T`.
    #[inline(always)]
    pub unsafe fn acquire(handle: *mut KtHandle) -> Result<Exclusive<T>, Raised> {
        unsafe {
            check_present::<T>(handle)?;
            if (*handle).borrow != 0 {
                return Err(borrowed::<T>(if (*handle).borrow < 0 { "mutably borrowed" } else { "borrowed" }));
            }
            (*handle).borrow = -1;
        }
        Ok(Exclusive(handle, PhantomData))
    }
    #[inline(always)]
    pub fn value_mut(&mut self) -> &mut T {
        unsafe { &mut *(*self.0).data.cast::<T>() }
    }
    /// Moves the value out (or copies it); the handle remembers who took it.
    #[inline(always)]
    pub fn take(&mut self, call: &'static CStr) -> T {
        unsafe {
            let data = (*self.0).data.cast::<T>();
            if T::COPY {
                return data.read();
            }
            (*self.0).data = std::ptr::null_mut();
            (*self.0).moved_by = call.as_ptr();
            *Box::from_raw(data)
        }
    }
}

impl<T> Drop for Exclusive<T> {
    #[inline(always)]
    fn drop(&mut self) {
        unsafe { (*self.0).borrow = 0 };
    }
}
