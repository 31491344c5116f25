// Prints every size, alignment, offset and value of shared/kayton_api.h, one a line; kayton_api's example
// `print_layout` prints the same of the Rust side.

#include <cinttypes>
#include <cstddef>
#include <cstdio>

#include "shared/kayton_api.h"
#include "shared/manifest.h"

#define TYPE(type) std::printf("%s size %zu align %zu\n", #type, sizeof(type), alignof(type))
#define FIELD(type, member) std::printf("%s.%s at %zu\n", #type, #member, offsetof(type, member))
#define VALUE(name) std::printf("%s = %" PRIu64 "\n", #name, static_cast<uint64_t>(name))

int main() {
    TYPE(KtTypeOps);
    FIELD(KtTypeOps, drop);
    FIELD(KtTypeOps, str);
    FIELD(KtTypeOps, repr);
    FIELD(KtTypeOps, eq);
    FIELD(KtTypeOps, compare);
    FIELD(KtTypeOps, hash);
    FIELD(KtTypeOps, len);
    FIELD(KtTypeOps, clone);
    FIELD(KtTypeOps, format);
    TYPE(KtTypeInfo);
    FIELD(KtTypeInfo, kind);
    FIELD(KtTypeInfo, size);
    FIELD(KtTypeInfo, align);
    FIELD(KtTypeInfo, has_refs);
    FIELD(KtTypeInfo, name);
    FIELD(KtTypeInfo, base);
    FIELD(KtTypeInfo, args);
    FIELD(KtTypeInfo, offsets);
    FIELD(KtTypeInfo, args_count);
    FIELD(KtTypeInfo, object_size);
    FIELD(KtTypeInfo, ops);
    FIELD(KtTypeInfo, field_names);
    TYPE(KtObject);
    FIELD(KtObject, refcount);
    FIELD(KtObject, type);
    TYPE(KtStr);
    FIELD(KtStr, base);
    FIELD(KtStr, byte_len);
    FIELD(KtStr, length);
    FIELD(KtStr, hash);
    FIELD(KtStr, data);
    TYPE(KtBytes);
    FIELD(KtBytes, base);
    FIELD(KtBytes, length);
    FIELD(KtBytes, hash);
    FIELD(KtBytes, data);
    TYPE(KtList);
    FIELD(KtList, base);
    FIELD(KtList, length);
    FIELD(KtList, capacity);
    FIELD(KtList, data);
    TYPE(KtRange);
    FIELD(KtRange, start);
    FIELD(KtRange, stop);
    FIELD(KtRange, step);
    TYPE(KtValue);
    FIELD(KtValue, type);
    FIELD(KtValue, payload);
    TYPE(KtBox);
    FIELD(KtBox, base);
    FIELD(KtBox, data);
    TYPE(KtClosure);
    FIELD(KtClosure, base);
    FIELD(KtClosure, code);
    FIELD(KtClosure, drop);
    TYPE(KtHandle);
    FIELD(KtHandle, base);
    FIELD(KtHandle, borrow);
    FIELD(KtHandle, data);
    FIELD(KtHandle, drop_data);
    FIELD(KtHandle, owners);
    FIELD(KtHandle, drop_owners);
    FIELD(KtHandle, moved_by);
    TYPE(KtTypeMeta);
    FIELD(KtTypeMeta, size);
    FIELD(KtTypeMeta, align);
    FIELD(KtTypeMeta, ops);
    TYPE(KaytonApi);
    FIELD(KaytonApi, size);
    FIELD(KaytonApi, abi_version);
    FIELD(KaytonApi, reserved);
    FIELD(KaytonApi, register_function);
    FIELD(KaytonApi, get_function);
    FIELD(KaytonApi, get_function_by_id);
    FIELD(KaytonApi, register_type);
    FIELD(KaytonApi, get_type);
    FIELD(KaytonApi, str_new);
    FIELD(KaytonApi, str_alloc);
    FIELD(KaytonApi, str_finish);
    FIELD(KaytonApi, bytes_new);
    FIELD(KaytonApi, list_new);
    FIELD(KaytonApi, dict_new);
    FIELD(KaytonApi, dict_set);
    FIELD(KaytonApi, dict_len);
    FIELD(KaytonApi, dict_next);
    FIELD(KaytonApi, handle_new);
    FIELD(KaytonApi, retain);
    FIELD(KaytonApi, release);
    FIELD(KaytonApi, release_value);
    FIELD(KaytonApi, raise);
    FIELD(KaytonApi, value_str);
    FIELD(KaytonApi, value_repr);
    FIELD(KaytonApi, value_eq);
    FIELD(KaytonApi, value_hash);
    FIELD(KaytonApi, value_compare);
    FIELD(KaytonApi, value_copy);
    FIELD(KaytonApi, box_new);
    FIELD(KaytonApi, raise_value);
    FIELD(KaytonApi, exception_value);
    TYPE(KaytonContext);
    FIELD(KaytonContext, vm);
    FIELD(KaytonContext, api);
    TYPE(KaytonPluginBuild);
    FIELD(KaytonPluginBuild, magic);
    FIELD(KaytonPluginBuild, abi_version);
    FIELD(KaytonPluginBuild, rustc_commit);
    FIELD(KaytonPluginBuild, api_version);
    FIELD(KaytonPluginBuild, target);
    VALUE(KT_OK);
    VALUE(KT_ERROR);
    VALUE(KT_PANIC);
    VALUE(KT_STOP);
    VALUE(KT_KIND_NONE);
    VALUE(KT_KIND_BOOL);
    VALUE(KT_KIND_INT);
    VALUE(KT_KIND_FLOAT);
    VALUE(KT_KIND_STR);
    VALUE(KT_KIND_BYTES);
    VALUE(KT_KIND_LIST);
    VALUE(KT_KIND_DICT);
    VALUE(KT_KIND_SET);
    VALUE(KT_KIND_TUPLE);
    VALUE(KT_KIND_RANGE);
    VALUE(KT_KIND_UNION);
    VALUE(KT_KIND_OPTIONAL);
    VALUE(KT_KIND_DYNAMIC);
    VALUE(KT_KIND_FUNCTION);
    VALUE(KT_KIND_CLASS);
    VALUE(KT_KIND_EXCEPTION);
    VALUE(KT_KIND_HANDLE);
    VALUE(KT_KIND_FILE);
    VALUE(KT_KIND_ITERATOR);
    VALUE(KT_KIND_TYPE);
    VALUE(KT_KIND_SLICE);
    VALUE(KT_IMMORTAL);
    VALUE(KAYTON_PLUGIN_ABI_VERSION);
    VALUE(KAYTON_BUILD_MAGIC);
    for (const char* text : {"", "(int, int) -> int", "(regex.Regex, str) -> regex.Match | None"}) {
        std::printf("id of %s = %" PRIu64 "\n", text, kayton::signature_id(text));
    }
    return 0;
}
