//! Prints every size, alignment, offset and value of this crate's layouts, one a line, as `layout_print.cpp` in
//! `tests/e2e/abi` does for `shared/kayton_api.h`.

use core::mem::{align_of, offset_of, size_of};
use kayton_api::*;

macro_rules! layout {
    ($type:ident: $($field:ident)*) => {
        println!("{} size {} align {}", stringify!($type), size_of::<$type>(), align_of::<$type>());
        $(println!("{}.{} at {}", stringify!($type), stringify!($field).trim_start_matches("r#"), offset_of!($type, $field));)*
    };
}

macro_rules! values {
    ($($name:ident)*) => {
        $(println!("{} = {}", stringify!($name), $name as u64);)*
    };
}

fn main() {
    layout!(KtTypeOps: drop str repr eq compare hash len clone format);
    layout!(KtTypeInfo: kind size align has_refs name base args offsets args_count object_size ops field_names);
    layout!(KtObject: refcount r#type);
    layout!(KtStr: base byte_len length hash data);
    layout!(KtBytes: base length hash data);
    layout!(KtList: base length capacity data);
    layout!(KtRange: start stop step);
    layout!(KtValue: r#type payload);
    layout!(KtBox: base data);
    layout!(KtClosure: base code drop);
    layout!(KtHandle: base borrow data drop_data owners drop_owners moved_by);
    layout!(KtTypeMeta: size align ops);
    layout!(KaytonApi: size abi_version reserved register_function get_function get_function_by_id register_type get_type str_new str_alloc str_finish bytes_new list_new dict_new dict_set dict_len dict_next handle_new retain release release_value raise value_str value_repr value_eq value_hash value_compare value_copy box_new raise_value exception_value);
    layout!(KaytonContext: vm api);
    layout!(KaytonPluginBuild: magic abi_version rustc_commit api_version target);
    values!(KT_OK KT_ERROR KT_PANIC KT_STOP KT_KIND_NONE KT_KIND_BOOL KT_KIND_INT KT_KIND_FLOAT KT_KIND_STR KT_KIND_BYTES KT_KIND_LIST KT_KIND_DICT KT_KIND_SET KT_KIND_TUPLE KT_KIND_RANGE KT_KIND_UNION KT_KIND_OPTIONAL KT_KIND_DYNAMIC KT_KIND_FUNCTION KT_KIND_CLASS KT_KIND_EXCEPTION KT_KIND_HANDLE KT_KIND_FILE KT_KIND_ITERATOR KT_KIND_TYPE KT_KIND_SLICE KT_IMMORTAL KAYTON_PLUGIN_ABI_VERSION KAYTON_BUILD_MAGIC);
    for text in ["", "(int, int) -> int", "(regex.Regex, str) -> regex.Match | None"] {
        println!("id of {text} = {}", signature_id(text));
    }
}
