//! Object layouts, type descriptors, handles and the VM's function table: `#[repr(C)]` twins of `shared/kayton_api.h`,
//! member by member and with the same comments there.

use core::ffi::{c_char, c_void};

pub type KtKind = u32;
pub const KT_KIND_NONE: KtKind = 0;
pub const KT_KIND_BOOL: KtKind = 1;
pub const KT_KIND_INT: KtKind = 2;
pub const KT_KIND_FLOAT: KtKind = 3;
pub const KT_KIND_STR: KtKind = 4;
pub const KT_KIND_BYTES: KtKind = 5;
pub const KT_KIND_LIST: KtKind = 6;
pub const KT_KIND_DICT: KtKind = 7;
pub const KT_KIND_SET: KtKind = 8;
pub const KT_KIND_TUPLE: KtKind = 9;
pub const KT_KIND_RANGE: KtKind = 10;
pub const KT_KIND_UNION: KtKind = 11;
pub const KT_KIND_OPTIONAL: KtKind = 12;
pub const KT_KIND_DYNAMIC: KtKind = 13;
pub const KT_KIND_FUNCTION: KtKind = 14;
pub const KT_KIND_CLASS: KtKind = 15;
pub const KT_KIND_EXCEPTION: KtKind = 16;
pub const KT_KIND_HANDLE: KtKind = 17;
pub const KT_KIND_FILE: KtKind = 18;
pub const KT_KIND_ITERATOR: KtKind = 19;
pub const KT_KIND_TYPE: KtKind = 20;
pub const KT_KIND_SLICE: KtKind = 21;

/// Reference count of objects that are never freed.
pub const KT_IMMORTAL: i64 = 1 << 62;

/// Operations on a value of a class, exception or handle type; an absent entry means the default.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct KtTypeOps {
    pub drop: Option<unsafe extern "C" fn(object: *mut c_void)>,
    pub str: Option<unsafe extern "C" fn(object: *mut c_void, out: *mut *mut KtStr) -> i32>,
    pub repr: Option<unsafe extern "C" fn(object: *mut c_void, out: *mut *mut KtStr) -> i32>,
    pub eq: Option<unsafe extern "C" fn(a: *mut c_void, b: *mut c_void, out: *mut u8) -> i32>,
    pub compare: Option<unsafe extern "C" fn(a: *mut c_void, b: *mut c_void, out: *mut i64) -> i32>,
    pub hash: Option<unsafe extern "C" fn(object: *mut c_void, out: *mut i64) -> i32>,
    pub len: Option<unsafe extern "C" fn(object: *mut c_void, out: *mut i64) -> i32>,
    pub clone: Option<unsafe extern "C" fn(object: *mut c_void, out: *mut *mut c_void) -> i32>,
    pub format: Option<unsafe extern "C" fn(object: *mut c_void, spec: *mut KtStr, out: *mut *mut KtStr) -> i32>,
}

/// Describes a static type at run time; one per type and VM, compared by address, made by the VM.
#[repr(C)]
pub struct KtTypeInfo {
    pub kind: u32,
    pub size: u32,
    pub align: u32,
    pub has_refs: u32,
    pub name: *const c_char,
    pub base: *const KtTypeInfo,
    pub args: *const *const KtTypeInfo,
    pub offsets: *const u32,
    pub args_count: u32,
    pub object_size: u32,
    pub ops: *const KtTypeOps,
    pub field_names: *const *const c_char,
}

#[repr(C)]
pub struct KtObject {
    pub refcount: i64,
    pub r#type: *const KtTypeInfo,
}

/// Text; `byte_len` bytes of valid UTF-8 follow the header.
#[repr(C)]
pub struct KtStr {
    pub base: KtObject,
    pub byte_len: i64,
    pub length: i64,
    pub hash: i64,
    pub data: [u8; 0],
}

#[repr(C)]
pub struct KtBytes {
    pub base: KtObject,
    pub length: i64,
    pub hash: i64,
    pub data: [u8; 0],
}

#[repr(C)]
pub struct KtList {
    pub base: KtObject,
    pub length: i64,
    pub capacity: i64,
    pub data: *mut c_void,
}

/// A dict or set; only the VM knows its members.
#[repr(C)]
pub struct KtDict {
    opaque: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KtRange {
    pub start: i64,
    pub stop: i64,
    pub step: i64,
}

/// A value of a union or Dynamic: its type, and the scalar or the pointer to the object.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KtValue {
    pub r#type: *const KtTypeInfo,
    pub payload: u64,
}

#[repr(C)]
pub struct KtBox {
    pub base: KtObject,
    pub data: [u8; 0],
}

/// `code` is `int32_t (*)(KtClosure* self, args..., R* out)`.
#[repr(C)]
pub struct KtClosure {
    pub base: KtObject,
    pub code: *mut c_void,
    pub drop: Option<unsafe extern "C" fn(this: *mut KtClosure)>,
}

/// A Rust value owned by the VM; `data` is null after a move out.
#[repr(C)]
pub struct KtHandle {
    pub base: KtObject,
    pub borrow: i64,
    pub data: *mut c_void,
    pub drop_data: Option<unsafe extern "C" fn(this: *mut KtHandle)>,
    pub owners: *mut c_void,
    pub drop_owners: Option<unsafe extern "C" fn(owners: *mut c_void)>,
    pub moved_by: *const c_char,
}

#[repr(C)]
pub struct KtTypeMeta {
    pub size: u64,
    pub align: u64,
    pub ops: *const KtTypeOps,
}

/// The VM as a plugin sees it. Flat and versioned: `size` first, new members at the end.
#[repr(C)]
pub struct KaytonApi {
    pub size: u64,
    pub abi_version: u32,
    pub reserved: u32,
    pub register_function: unsafe extern "C" fn(
        vm: *mut c_void,
        name: *const c_char,
        name_len: usize,
        function: *const c_void,
        signature_id: u64,
    ) -> i32,
    pub get_function: unsafe extern "C" fn(vm: *mut c_void, name: *const c_char, name_len: usize) -> *const c_void,
    pub get_function_by_id:
        unsafe extern "C" fn(vm: *mut c_void, signature_id: u64, name: *const c_char, name_len: usize) -> *const c_void,
    pub register_type: unsafe extern "C" fn(
        vm: *mut c_void,
        name: *const c_char,
        name_len: usize,
        meta: *const KtTypeMeta,
        base: *const KtTypeInfo,
    ) -> *const KtTypeInfo,
    pub get_type:
        unsafe extern "C" fn(vm: *mut c_void, signature: *const c_char, signature_len: usize) -> *const KtTypeInfo,
    pub str_new: unsafe extern "C" fn(vm: *mut c_void, data: *const c_char, len: usize) -> *mut KtStr,
    pub str_alloc: unsafe extern "C" fn(vm: *mut c_void, len: usize) -> *mut KtStr,
    pub str_finish: unsafe extern "C" fn(vm: *mut c_void, str: *mut KtStr),
    pub bytes_new: unsafe extern "C" fn(vm: *mut c_void, data: *const u8, len: usize) -> *mut KtBytes,
    pub list_new: unsafe extern "C" fn(vm: *mut c_void, list_type: *const KtTypeInfo, length: usize) -> *mut KtList,
    pub dict_new: unsafe extern "C" fn(vm: *mut c_void, dict_type: *const KtTypeInfo) -> *mut KtDict,
    pub dict_set:
        unsafe extern "C" fn(vm: *mut c_void, dict: *mut KtDict, key: *const c_void, value: *const c_void) -> i32,
    pub dict_len: unsafe extern "C" fn(vm: *mut c_void, dict: *mut KtDict) -> usize,
    pub dict_next: unsafe extern "C" fn(
        vm: *mut c_void,
        dict: *mut KtDict,
        position: *mut i64,
        key: *mut *mut c_void,
        value: *mut *mut c_void,
    ) -> i32,
    pub handle_new: unsafe extern "C" fn(
        vm: *mut c_void,
        r#type: *const KtTypeInfo,
        data: *mut c_void,
        drop_data: Option<unsafe extern "C" fn(*mut KtHandle)>,
    ) -> *mut KtHandle,
    pub retain: unsafe extern "C" fn(vm: *mut c_void, object: *mut KtObject),
    pub release: unsafe extern "C" fn(vm: *mut c_void, object: *mut KtObject),
    pub release_value: unsafe extern "C" fn(vm: *mut c_void, r#type: *const KtTypeInfo, value: *mut c_void),
    pub raise: unsafe extern "C" fn(
        vm: *mut c_void,
        class_name: *const c_char,
        class_len: usize,
        message: *const c_char,
        message_len: usize,
    ),
    pub value_str: unsafe extern "C" fn(
        vm: *mut c_void,
        r#type: *const KtTypeInfo,
        value: *const c_void,
        out: *mut *mut KtStr,
    ) -> i32,
    pub value_repr: unsafe extern "C" fn(
        vm: *mut c_void,
        r#type: *const KtTypeInfo,
        value: *const c_void,
        out: *mut *mut KtStr,
    ) -> i32,
    pub value_eq: unsafe extern "C" fn(
        vm: *mut c_void,
        r#type: *const KtTypeInfo,
        a: *const c_void,
        b: *const c_void,
        out: *mut u8,
    ) -> i32,
    pub value_hash:
        unsafe extern "C" fn(vm: *mut c_void, r#type: *const KtTypeInfo, value: *const c_void, out: *mut i64) -> i32,
    pub value_compare: unsafe extern "C" fn(
        vm: *mut c_void,
        r#type: *const KtTypeInfo,
        a: *const c_void,
        b: *const c_void,
        out: *mut i64,
    ) -> i32,
    pub value_copy:
        unsafe extern "C" fn(vm: *mut c_void, r#type: *const KtTypeInfo, dst: *mut c_void, src: *const c_void),
    pub box_new: unsafe extern "C" fn(vm: *mut c_void, r#type: *const KtTypeInfo, value: *const c_void) -> *mut KtBox,
    pub raise_value: unsafe extern "C" fn(vm: *mut c_void, class_name: *const c_char, class_len: usize, message: *const c_char, message_len: usize, value: *mut KtHandle),
    pub exception_value: unsafe extern "C" fn(vm: *mut c_void, exception: *mut KtObject) -> *mut KtHandle,
}

/// What a plugin's register function is given. Copies stay valid as long as the VM.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KaytonContext {
    pub vm: *mut c_void,
    pub api: *const KaytonApi,
}
