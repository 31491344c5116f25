//! What a plugin does with its VM: registries, constructors, reference counts, exceptions. Thin inlined wrappers over
//! the function table. They are not `unsafe` because a [`KaytonContext`] only ever comes from a VM; the raw object
//! pointers they take must be living objects of that VM.

use core::ffi::{c_char, c_void};

use crate::layout::*;

/// Address of a thunk.
pub type RawFnPtr = *const c_void;
/// The name the registries' documentation uses.
pub type TypeMeta = KtTypeMeta;

/// Why a registration or lookup was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KaytonError {
    /// The name is taken by another pointer, signature or type.
    NameTaken,
    /// No function or type of that name.
    Unknown,
    /// An exception is pending in the VM.
    Pending,
}

impl core::fmt::Display for KaytonError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            KaytonError::NameTaken => "the name is already registered with another meaning",
            KaytonError::Unknown => "there is no such name in the registry",
            KaytonError::Pending => "an exception is pending",
        })
    }
}

impl KaytonContext {
    #[inline(always)]
    pub fn api(&self) -> &KaytonApi {
        unsafe { &*self.api }
    }

    // --- registries

    /// Registers a thunk under its stable name, "regex.Regex.new".
    pub fn register_function(&self, name: &str, function: RawFnPtr, signature_id: u64) -> Result<(), KaytonError> {
        let status =
            unsafe { (self.api().register_function)(self.vm, chars(name), name.len(), function, signature_id) };
        if status == 0 {
            Ok(())
        } else {
            Err(KaytonError::NameTaken)
        }
    }

    pub fn get_function(&self, name: &str) -> Result<RawFnPtr, KaytonError> {
        present(unsafe { (self.api().get_function)(self.vm, chars(name), name.len()) })
    }

    pub fn get_function_by_id(&self, signature_id: u64, name: &str) -> Result<RawFnPtr, KaytonError> {
        present(unsafe { (self.api().get_function_by_id)(self.vm, signature_id, chars(name), name.len()) })
    }

    /// Registers a handle type, or an exception class when `base` is one.
    pub fn register_type(
        &self,
        name: &str,
        meta: &KtTypeMeta,
        base: Option<*const KtTypeInfo>,
    ) -> Result<*const KtTypeInfo, KaytonError> {
        let base = base.unwrap_or(core::ptr::null());
        let info = unsafe { (self.api().register_type)(self.vm, chars(name), name.len(), meta, base) };
        if info.is_null() {
            Err(KaytonError::NameTaken)
        } else {
            Ok(info)
        }
    }

    /// Any type by its signature: "list[int]", "regex.Match | None", "ValueError".
    pub fn get_type(&self, signature: &str) -> Result<*const KtTypeInfo, KaytonError> {
        present(unsafe { (self.api().get_type)(self.vm, chars(signature), signature.len()) })
    }

    // --- constructors: the caller owns the result

    #[inline]
    pub fn str_new(&self, text: &str) -> *mut KtStr {
        unsafe { (self.api().str_new)(self.vm, chars(text), text.len()) }
    }

    #[inline]
    pub fn bytes_new(&self, data: &[u8]) -> *mut KtBytes {
        unsafe { (self.api().bytes_new)(self.vm, data.as_ptr(), data.len()) }
    }

    /// `length` zeroed elements, to be written by the caller.
    #[inline]
    pub fn list_new(&self, list_type: *const KtTypeInfo, length: usize) -> *mut KtList {
        unsafe { (self.api().list_new)(self.vm, list_type, length) }
    }

    #[inline]
    pub fn dict_new(&self, dict_type: *const KtTypeInfo) -> *mut KtDict {
        unsafe { (self.api().dict_new)(self.vm, dict_type) }
    }

    /// Copies and retains both; for a set `value` is null.
    ///
    /// # Safety
    /// `key` and `value` point to values of the dict's types.
    #[inline]
    pub unsafe fn dict_set(
        &self,
        dict: *mut KtDict,
        key: *const c_void,
        value: *const c_void,
    ) -> Result<(), KaytonError> {
        let status = unsafe { (self.api().dict_set)(self.vm, dict, key, value) };
        if status == 0 {
            Ok(())
        } else {
            Err(KaytonError::Pending)
        }
    }

    #[inline]
    pub fn handle_new(
        &self,
        info: *const KtTypeInfo,
        data: *mut c_void,
        drop_data: unsafe extern "C" fn(*mut KtHandle),
    ) -> *mut KtHandle {
        unsafe { (self.api().handle_new)(self.vm, info, data, Some(drop_data)) }
    }

    // --- reference counts; null is allowed

    /// # Safety
    /// `object` is null or a living object.
    #[inline]
    pub unsafe fn retain<T>(&self, object: *mut T) {
        unsafe { (self.api().retain)(self.vm, object.cast()) }
    }

    /// # Safety
    /// `object` is null or a living object of which the caller owns one reference.
    #[inline]
    pub unsafe fn release<T>(&self, object: *mut T) {
        unsafe { (self.api().release)(self.vm, object.cast()) }
    }

    /// # Safety
    /// `value` points to a value of the type, whose references the caller owns.
    #[inline]
    pub unsafe fn release_value(&self, info: *const KtTypeInfo, value: *mut c_void) {
        unsafe { (self.api().release_value)(self.vm, info, value) }
    }

    // --- exceptions

    /// Makes an exception pending that carries the error value; the VM takes over the caller's reference to it.
    #[cold]
    pub fn raise_value(&self, class: &str, message: &str, value: *mut KtHandle) {
        unsafe { (self.api().raise_value)(self.vm, chars(class), class.len(), chars(message), message.len(), value) }
    }

    /// The error value of an exception, borrowed from it; null when it carries none.
    ///
    /// # Safety
    /// `exception` is a living exception object.
    pub unsafe fn exception_value(&self, exception: *mut KtObject) -> *mut KtHandle {
        unsafe { (self.api().exception_value)(self.vm, exception) }
    }

    /// Makes an exception pending; `class` is "ValueError", "regex.Error", "RustPanic".
    #[cold]
    pub fn raise(&self, class: &str, message: &str) {
        unsafe { (self.api().raise)(self.vm, chars(class), class.len(), chars(message), message.len()) }
    }
}

impl KtStr {
    /// # Safety
    /// `text` is a living str; the result must not outlive it.
    #[inline(always)]
    pub unsafe fn as_str<'a>(text: *const KtStr) -> &'a str {
        unsafe {
            let data = text.cast::<u8>().add(core::mem::offset_of!(KtStr, data));
            core::str::from_utf8_unchecked(core::slice::from_raw_parts(data, (*text).byte_len as usize))
        }
    }
}

impl KtBytes {
    /// # Safety
    /// `bytes` is a living bytes object; the result must not outlive it.
    #[inline(always)]
    pub unsafe fn as_slice<'a>(bytes: *const KtBytes) -> &'a [u8] {
        unsafe {
            let data = bytes.cast::<u8>().add(core::mem::offset_of!(KtBytes, data));
            core::slice::from_raw_parts(data, (*bytes).length as usize)
        }
    }
}

impl KtList {
    /// # Safety
    /// `list` is a living list whose elements are stored as `T`; the result must not outlive a change of the list.
    #[inline(always)]
    pub unsafe fn as_slice<'a, T>(list: *const KtList) -> &'a [T] {
        unsafe {
            let length = (*list).length as usize;
            if length == 0 {
                &[]
            } else {
                core::slice::from_raw_parts((*list).data.cast::<T>(), length)
            }
        }
    }
}

fn chars(text: &str) -> *const c_char {
    text.as_ptr().cast()
}

fn present<T>(pointer: *const T) -> Result<*const T, KaytonError> {
    if pointer.is_null() {
        Err(KaytonError::Unknown)
    } else {
        Ok(pointer)
    }
}
