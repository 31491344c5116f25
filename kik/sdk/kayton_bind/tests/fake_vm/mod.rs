//! A VM just large enough for the tests: objects on the heap, registries in maps, the pending exception in a cell. It
//! counts what lives, so that tests see leaks and early drops.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_char, c_void, CString};

use kayton_api::*;

thread_local! {
    pub static FUNCTIONS: RefCell<HashMap<String, (*const c_void, u64)>> = RefCell::default();
    pub static TYPES: RefCell<HashMap<String, *const KtTypeInfo>> = RefCell::default();
    pub static PENDING: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
    pub static LIVING: Cell<i64> = const { Cell::new(0) };
}

unsafe fn text(data: *const c_char, len: usize) -> String {
    unsafe { String::from_utf8(std::slice::from_raw_parts(data.cast::<u8>(), len).to_vec()).unwrap() }
}

fn info(name: &str, kind: KtKind, size: u32, ops: *const KtTypeOps) -> *const KtTypeInfo {
    TYPES.with_borrow_mut(|types| {
        *types.entry(name.to_string()).or_insert_with(|| {
            Box::into_raw(Box::new(KtTypeInfo {
                kind,
                size,
                align: size.min(8),
                has_refs: 0,
                name: CString::new(name).unwrap().into_raw(),
                base: std::ptr::null(),
                args: std::ptr::null(),
                offsets: std::ptr::null(),
                args_count: 0,
                object_size: 0,
                ops,
                field_names: std::ptr::null(),
            }))
        })
    })
}

fn block(size: usize) -> *mut u64 {
    LIVING.set(LIVING.get() + 1);
    // One word in front holds the size for the release.
    let mut memory = vec![0u64; size.div_ceil(8) + 1].into_boxed_slice();
    memory[0] = memory.len() as u64;
    unsafe { Box::into_raw(memory).cast::<u64>().add(1) }
}

unsafe fn free(object: *mut u64) {
    LIVING.set(LIVING.get() - 1);
    unsafe {
        let start = object.sub(1);
        drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(start, *start as usize)));
    }
}

fn header(object: *mut u64, name: &str, kind: KtKind) {
    unsafe { object.cast::<KtObject>().write(KtObject { refcount: 1, r#type: info(name, kind, 8, std::ptr::null()) }) }
}

pub fn new_text(data: &str) -> *mut KtStr {
    let object = block(size_of::<KtStr>() + data.len());
    header(object, "str", KT_KIND_STR);
    let out = object.cast::<KtStr>();
    unsafe {
        (*out).byte_len = data.len() as i64;
        (*out).length = data.chars().count() as i64;
        std::ptr::copy_nonoverlapping(data.as_ptr(), out.cast::<u8>().add(size_of::<KtStr>()), data.len());
    }
    out
}

pub fn new_bytes(data: &[u8]) -> *mut KtBytes {
    let object = block(size_of::<KtBytes>() + data.len());
    header(object, "bytes", KT_KIND_BYTES);
    let out = object.cast::<KtBytes>();
    unsafe {
        (*out).length = data.len() as i64;
        std::ptr::copy_nonoverlapping(data.as_ptr(), out.cast::<u8>().add(size_of::<KtBytes>()), data.len());
    }
    out
}

pub unsafe fn release<T>(object: *mut T) {
    unsafe { api_release(std::ptr::null_mut(), object.cast()) }
}

pub fn take_error() -> (String, String) {
    PENDING.take().expect("no exception is pending")
}

pub fn living() -> i64 {
    LIVING.get()
}

unsafe extern "C" fn api_release(_: *mut c_void, object: *mut KtObject) {
    if object.is_null() {
        return;
    }
    unsafe {
        (*object).refcount -= 1;
        if (*object).refcount > 0 {
            return;
        }
        assert_eq!((*object).refcount, 0, "an object was released twice");
        match (*(*object).r#type).kind {
            KT_KIND_HANDLE => {
                let handle = object.cast::<KtHandle>();
                assert_eq!((*handle).borrow, 0, "a borrowed handle died");
                if !(*handle).data.is_null() {
                    (*handle).drop_data.unwrap()(handle);
                }
                if !(*handle).owners.is_null() {
                    (*handle).drop_owners.unwrap()((*handle).owners);
                }
            }
            KT_KIND_LIST => {
                let list = object.cast::<KtList>();
                free((*list).data.cast());
            }
            _ => {}
        }
        free(object.cast());
    }
}

unsafe extern "C" fn register_function(
    _: *mut c_void,
    name: *const c_char,
    len: usize,
    function: *const c_void,
    id: u64,
) -> i32 {
    let name = unsafe { text(name, len) };
    i32::from(FUNCTIONS.with_borrow_mut(|functions| functions.insert(name, (function, id))).is_some())
}
unsafe extern "C" fn get_function(_: *mut c_void, name: *const c_char, len: usize) -> *const c_void {
    let name = unsafe { text(name, len) };
    FUNCTIONS.with_borrow(|functions| functions.get(&name).map_or(std::ptr::null(), |entry| entry.0))
}
unsafe extern "C" fn get_function_by_id(vm: *mut c_void, _: u64, name: *const c_char, len: usize) -> *const c_void {
    unsafe { get_function(vm, name, len) }
}
unsafe extern "C" fn register_type(
    _: *mut c_void,
    name: *const c_char,
    len: usize,
    meta: *const KtTypeMeta,
    base: *const KtTypeInfo,
) -> *const KtTypeInfo {
    let kind = if base.is_null() { KT_KIND_HANDLE } else { KT_KIND_EXCEPTION };
    unsafe { info(&text(name, len), kind, 8, (*meta).ops) }
}
unsafe extern "C" fn get_type(_: *mut c_void, name: *const c_char, len: usize) -> *const KtTypeInfo {
    let name = unsafe { text(name, len) };
    let (kind, size) = match name.as_str() {
        "None" => (KT_KIND_NONE, 1),
        "bool" => (KT_KIND_BOOL, 1),
        "int" => (KT_KIND_INT, 8),
        "float" => (KT_KIND_FLOAT, 8),
        _ if name.starts_with("list[tuple[") => (KT_KIND_LIST, 16),
        _ if name.starts_with("list[") => (KT_KIND_LIST, 8),
        _ => (KT_KIND_EXCEPTION, 8),
    };
    info(&name, kind, size, std::ptr::null())
}
unsafe extern "C" fn str_new(_: *mut c_void, data: *const c_char, len: usize) -> *mut KtStr {
    new_text(&unsafe { text(data, len) })
}
unsafe extern "C" fn str_alloc(_: *mut c_void, _: usize) -> *mut KtStr {
    unimplemented!()
}
unsafe extern "C" fn str_finish(_: *mut c_void, _: *mut KtStr) {}
unsafe extern "C" fn bytes_new(_: *mut c_void, data: *const u8, len: usize) -> *mut KtBytes {
    new_bytes(unsafe { std::slice::from_raw_parts(data, len) })
}
unsafe extern "C" fn list_new(_: *mut c_void, list_type: *const KtTypeInfo, length: usize) -> *mut KtList {
    let object = block(size_of::<KtList>());
    let list = object.cast::<KtList>();
    unsafe {
        // Elements of at most 48 bytes.
        list.write(KtList {
            base: KtObject { refcount: 1, r#type: list_type },
            length: length as i64,
            capacity: length as i64,
            data: block(length * 48).cast(),
        });
    }
    list
}
unsafe extern "C" fn dict_new(_: *mut c_void, _: *const KtTypeInfo) -> *mut KtDict {
    unimplemented!()
}
unsafe extern "C" fn dict_set(_: *mut c_void, _: *mut KtDict, _: *const c_void, _: *const c_void) -> i32 {
    unimplemented!()
}
unsafe extern "C" fn dict_len(_: *mut c_void, _: *mut KtDict) -> usize {
    unimplemented!()
}
unsafe extern "C" fn dict_next(
    _: *mut c_void,
    _: *mut KtDict,
    _: *mut i64,
    _: *mut *mut c_void,
    _: *mut *mut c_void,
) -> i32 {
    unimplemented!()
}
unsafe extern "C" fn handle_new(
    _: *mut c_void,
    info: *const KtTypeInfo,
    data: *mut c_void,
    drop_data: Option<unsafe extern "C" fn(*mut KtHandle)>,
) -> *mut KtHandle {
    let handle = block(size_of::<KtHandle>()).cast::<KtHandle>();
    unsafe {
        handle.write(KtHandle {
            base: KtObject { refcount: 1, r#type: info },
            borrow: 0,
            data,
            drop_data,
            owners: std::ptr::null_mut(),
            drop_owners: None,
            moved_by: std::ptr::null(),
        });
    }
    handle
}
unsafe extern "C" fn retain(_: *mut c_void, object: *mut KtObject) {
    if !object.is_null() {
        unsafe { (*object).refcount += 1 }
    }
}
unsafe extern "C" fn release_value(_: *mut c_void, _: *const KtTypeInfo, _: *mut c_void) {
    unimplemented!()
}
unsafe extern "C" fn raise(_: *mut c_void, class: *const c_char, class_len: usize, message: *const c_char, len: usize) {
    PENDING.set(Some(unsafe { (text(class, class_len), text(message, len)) }))
}
unsafe extern "C" fn value_text(_: *mut c_void, _: *const KtTypeInfo, _: *const c_void, _: *mut *mut KtStr) -> i32 {
    unimplemented!()
}
unsafe extern "C" fn value_eq(
    _: *mut c_void,
    _: *const KtTypeInfo,
    _: *const c_void,
    _: *const c_void,
    _: *mut u8,
) -> i32 {
    unimplemented!()
}
unsafe extern "C" fn value_hash(_: *mut c_void, _: *const KtTypeInfo, _: *const c_void, _: *mut i64) -> i32 {
    unimplemented!()
}
unsafe extern "C" fn value_compare(
    _: *mut c_void,
    _: *const KtTypeInfo,
    _: *const c_void,
    _: *const c_void,
    _: *mut i64,
) -> i32 {
    unimplemented!()
}
unsafe extern "C" fn value_copy(_: *mut c_void, _: *const KtTypeInfo, _: *mut c_void, _: *const c_void) {
    unimplemented!()
}

unsafe extern "C" fn raise_value(
    vm: *mut c_void,
    class: *const c_char,
    class_len: usize,
    message: *const c_char,
    len: usize,
    value: *mut KtHandle,
) {
    unsafe {
        raise(vm, class, class_len, message, len);
        release(value);
    }
}
// Exceptions of this VM are their error values.
unsafe extern "C" fn exception_value(_: *mut c_void, exception: *mut KtObject) -> *mut KtHandle {
    exception.cast()
}
unsafe extern "C" fn box_new(_: *mut c_void, _: *const KtTypeInfo, _: *const c_void) -> *mut KtBox {
    unimplemented!()
}

static API: KaytonApi = KaytonApi {
    size: size_of::<KaytonApi>() as u64,
    abi_version: KAYTON_PLUGIN_ABI_VERSION,
    reserved: 0,
    register_function,
    get_function,
    get_function_by_id,
    register_type,
    get_type,
    str_new,
    str_alloc,
    str_finish,
    bytes_new,
    list_new,
    dict_new,
    dict_set,
    dict_len,
    dict_next,
    handle_new,
    retain,
    release: api_release,
    release_value,
    raise,
    value_str: value_text,
    value_repr: value_text,
    value_eq,
    value_hash,
    value_compare,
    value_copy,
    box_new,
    raise_value,
    exception_value,
};

pub fn context() -> KaytonContext {
    KaytonContext { vm: std::ptr::null_mut(), api: &API }
}
