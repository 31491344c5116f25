/* The contract between a worker and its plugins, in C: object layouts, type descriptors, handles and the function
 * table a plugin is given. kik/sdk/kayton_api is the same in Rust; tests/e2e proves the two equal (sizes, offsets,
 * values). A change of anything here raises KAYTON_PLUGIN_ABI_VERSION.
 *
 * Every value crosses a thunk in its native representation:
 *   int            int64_t                    float   double                    bool  uint8_t (0 or 1)
 *   None           uint8_t 0                  str     KtStr*                    bytes KtBytes*
 *   list[T]        KtList*                    dict    KtDict* (opaque)          set   KtDict* (opaque)
 *   class, handle  KtObject*                  T | None of a pointer: the pointer, NULL for None
 *   tuple[A, B]    a C struct of its members, passed by pointer         range  KtRange, passed by pointer
 *   any other union, Dynamic: KtValue, passed by pointer
 *   Callable       KtClosure*
 * A thunk is  int32_t f(arg..., R* out) : KT_OK, KT_ERROR (an exception is pending in the VM), KT_PANIC (the same,
 * RustPanic), KT_STOP (an iterator is at its end; *out is untouched). Arguments are borrowed; *out is owned by the
 * caller (+1). A function without result still has `out` (a uint8_t).
 *
 * Threads: reference counts are not atomic; the VM is used by one thread.
 */
#ifndef KAYTON_API_H
#define KAYTON_API_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KAYTON_PLUGIN_ABI_VERSION 1u

enum { KT_OK = 0, KT_ERROR = 1, KT_PANIC = 2, KT_STOP = 3 };

typedef enum KtKind {
    KT_KIND_NONE = 0, KT_KIND_BOOL = 1, KT_KIND_INT = 2, KT_KIND_FLOAT = 3, KT_KIND_STR = 4, KT_KIND_BYTES = 5,
    KT_KIND_LIST = 6, KT_KIND_DICT = 7, KT_KIND_SET = 8, KT_KIND_TUPLE = 9, KT_KIND_RANGE = 10,
    KT_KIND_UNION = 11,     /* a KtValue in storage; `args` are the members */
    KT_KIND_OPTIONAL = 12,  /* a nullable pointer in storage; args[0] is the pointer type */
    KT_KIND_DYNAMIC = 13,   /* a KtValue in storage */
    KT_KIND_FUNCTION = 14, KT_KIND_CLASS = 15, KT_KIND_EXCEPTION = 16, KT_KIND_HANDLE = 17, KT_KIND_FILE = 18,
    KT_KIND_ITERATOR = 19, KT_KIND_TYPE = 20, KT_KIND_SLICE = 21
} KtKind;

struct KtStr;
struct KtTypeInfo;

/* Operations on a value of a class, exception or handle type; a null entry means the default. All take the object;
 * those that can fail return a status as thunks do. */
typedef struct KtTypeOps {
    void (*drop)(void* object);  /* releases what the object holds; the VM frees the memory afterwards */
    int32_t (*str)(void* object, struct KtStr** out);
    int32_t (*repr)(void* object, struct KtStr** out);
    int32_t (*eq)(void* a, void* b, uint8_t* out);
    int32_t (*compare)(void* a, void* b, int64_t* out); /* -1, 0, 1; 2 when unordered */
    int32_t (*hash)(void* object, int64_t* out);
    int32_t (*len)(void* object, int64_t* out);
    int32_t (*clone)(void* object, void** out);
    int32_t (*format)(void* object, struct KtStr* spec, struct KtStr** out);
} KtTypeOps;

/* Describes a static type at run time. One per type and VM: compared by address. Made by the VM from a signature in
 * Kayton's type syntax ("dict[str, list[int]]"), never by a plugin. */
typedef struct KtTypeInfo {
    uint32_t kind;  /* KtKind */
    uint32_t size;  /* bytes of a value in storage (list element, tuple member, local) */
    uint32_t align;
    uint32_t has_refs;  /* 1: a value holds references, so copies retain and destruction releases */
    const char* name;   /* as Python shows it, NUL-terminated: "list[int]", "regex.Regex" */
    const struct KtTypeInfo* base;         /* superclass of a class or exception; else NULL */
    const struct KtTypeInfo* const* args;  /* element types, members */
    const uint32_t* offsets;               /* tuple members or class fields: bytes from the value's (object's) start */
    uint32_t args_count;
    uint32_t object_size; /* classes and exceptions: bytes of the heap object, header included */
    const KtTypeOps* ops; /* NULL unless class, exception or handle */
    const char* const* field_names; /* classes: args_count names; else NULL */
} KtTypeInfo;

typedef struct KtObject {
    int64_t refcount; /* immortal objects start at KT_IMMORTAL */
    const KtTypeInfo* type;
} KtObject;
#define KT_IMMORTAL ((int64_t)1 << 62)

typedef struct KtStr {
    KtObject base;
    int64_t byte_len;
    int64_t length;  /* code points; equal to byte_len exactly when the text is ASCII */
    int64_t hash;    /* 0: not computed yet */
    char data[];     /* valid UTF-8, no terminator promised */
} KtStr;

typedef struct KtBytes {
    KtObject base;
    int64_t length;
    int64_t hash; /* 0: not computed yet */
    uint8_t data[];
} KtBytes;

typedef struct KtList {
    KtObject base; /* base.type->args[0] is the element type */
    int64_t length;
    int64_t capacity;
    void* data; /* length values of the element type, unboxed */
} KtList;

typedef struct KtDict KtDict;

typedef struct KtRange { int64_t start, stop, step; } KtRange;

/* A value of a union or Dynamic: its type and 8 bytes: the scalar, or the pointer to the object; tuples and ranges are
 * boxed in a KtBox. None has type none and payload 0. */
typedef struct KtValue {
    const KtTypeInfo* type;
    uint64_t payload;
} KtValue;

typedef struct KtBox {
    KtObject base; /* type of the boxed tuple or range */
    uint8_t data[];
} KtBox;

/* code is  int32_t (*)(KtClosure* self, args..., R* out)  with the arguments in native representation. */
typedef struct KtClosure {
    KtObject base;
    void* code;
    void (*drop)(struct KtClosure* self); /* releases what was captured; may be NULL */
} KtClosure;

/* A Rust value owned by the VM. `borrow`: 0 free, n > 0 shared borrows, -1 exclusively borrowed. `data` is NULL after a
 * move out. `owners` keeps alive what the value borrows from; both drop functions belong to the plugin. */
typedef struct KtHandle {
    KtObject base;
    int64_t borrow;
    void* data;
    void (*drop_data)(struct KtHandle* self);
    void* owners;
    void (*drop_owners)(void* owners);
    const char* moved_by; /* what took the value, for UseAfterMoveError; NULL before */
} KtHandle;

/* What a plugin tells of a type at registration. */
typedef struct KtTypeMeta {
    uint64_t size, align;
    const KtTypeOps* ops; /* lives as long as the plugin, which is never unloaded */
} KtTypeMeta;

/* The VM as a plugin sees it. Flat and versioned: `size` first; new members are added at the end. Strings given are
 * UTF-8 with a length. Objects returned are owned by the caller (+1). */
typedef struct KaytonApi {
    uint64_t size;
    uint32_t abi_version;
    uint32_t reserved;
    /* registries; return 0, or 1 when the name is already taken by another pointer or signature */
    int32_t (*register_function)(void* vm, const char* name, size_t name_len, const void* function, uint64_t signature_id);
    const void* (*get_function)(void* vm, const char* name, size_t name_len);
    const void* (*get_function_by_id)(void* vm, uint64_t signature_id, const char* name, size_t name_len);
    /* registers a handle type "crate.path.Type" (kind KT_KIND_HANDLE) or an exception class when `base` is not NULL */
    const KtTypeInfo* (*register_type)(void* vm, const char* name, size_t name_len, const KtTypeMeta* meta, const KtTypeInfo* base);
    const KtTypeInfo* (*get_type)(void* vm, const char* signature, size_t signature_len); /* any type; NULL if unknown */
    /* objects */
    KtStr* (*str_new)(void* vm, const char* data, size_t len);      /* data must be UTF-8 */
    KtStr* (*str_alloc)(void* vm, size_t len);                      /* to be filled; then str_finish */
    void (*str_finish)(void* vm, KtStr* str);                       /* counts the code points */
    KtBytes* (*bytes_new)(void* vm, const uint8_t* data, size_t len); /* data may be NULL: uninitialised */
    KtList* (*list_new)(void* vm, const KtTypeInfo* list_type, size_t length); /* length elements, zeroed */
    KtDict* (*dict_new)(void* vm, const KtTypeInfo* dict_type);
    int32_t (*dict_set)(void* vm, KtDict* dict, const void* key, const void* value); /* copies and retains both; sets: value NULL */
    size_t (*dict_len)(void* vm, KtDict* dict);
    int32_t (*dict_next)(void* vm, KtDict* dict, int64_t* position, void** key, void** value); /* 1 while there is one */
    KtHandle* (*handle_new)(void* vm, const KtTypeInfo* type, void* data, void (*drop_data)(KtHandle*));
    void (*retain)(void* vm, KtObject* object);   /* NULL is allowed */
    void (*release)(void* vm, KtObject* object);  /* NULL is allowed */
    void (*release_value)(void* vm, const KtTypeInfo* type, void* value);
    /* sets the pending exception: class by name ("ValueError", "regex.Error", "RustPanic"), message UTF-8 */
    void (*raise)(void* vm, const char* class_name, size_t class_len, const char* message, size_t message_len);
    /* any value as text, for errors and Dynamic */
    int32_t (*value_str)(void* vm, const KtTypeInfo* type, const void* value, KtStr** out);
    int32_t (*value_repr)(void* vm, const KtTypeInfo* type, const void* value, KtStr** out);
    int32_t (*value_eq)(void* vm, const KtTypeInfo* type, const void* a, const void* b, uint8_t* out);
    int32_t (*value_hash)(void* vm, const KtTypeInfo* type, const void* value, int64_t* out);
    int32_t (*value_compare)(void* vm, const KtTypeInfo* type, const void* a, const void* b, int64_t* out);
    /* copies src over uninitialised dst, retaining what it holds */
    void (*value_copy)(void* vm, const KtTypeInfo* type, void* dst, const void* src);
    /* boxes a copy of a tuple or range: the payload of a KtValue of that type; owned by the caller */
    KtBox* (*box_new)(void* vm, const KtTypeInfo* type, const void* value);
    /* raise, with the error value that the exception stands for; takes the caller's reference to it */
    void (*raise_value)(void* vm, const char* class_name, size_t class_len, const char* message, size_t message_len,
                        KtHandle* value);
    /* that value, borrowed from the exception object; NULL when it was not raised with one */
    KtHandle* (*exception_value)(void* vm, KtObject* exception);
} KaytonApi;

typedef struct KaytonContext {
    void* vm;
    const KaytonApi* api;
} KaytonContext;

/* The C data symbol `kayton_plugin_build`, read before any call in the Rust ABI. */
typedef struct KaytonPluginBuild {
    uint32_t magic; /* KAYTON_BUILD_MAGIC */
    uint32_t abi_version;
    char rustc_commit[48]; /* hexadecimal, NUL-padded */
    char api_version[16];  /* version of the crate kayton_api */
    char target[48];       /* target triple */
} KaytonPluginBuild;
#define KAYTON_BUILD_MAGIC 0x4b41594eu

/* The bridge's C interface (a Rust dylib of the environment's toolchain). Messages are written NUL-terminated into
 * `message` of `capacity` bytes. Return KT_OK, or KT_ERROR with a message, or KT_PANIC with the panic's text. */
typedef int32_t (*KaytonBridgeOpen)(const char* path, void** plugin, uint32_t* abi_version, char* message, size_t capacity);
typedef int32_t (*KaytonBridgeManifest)(void* plugin, const uint8_t** data, size_t* len, char* message, size_t capacity);
typedef int32_t (*KaytonBridgeRegister)(void* plugin, KaytonContext* context, char* message, size_t capacity);
/* symbols: kayton_bridge_open, kayton_bridge_manifest, kayton_bridge_register; data symbol kayton_plugin_build too.
 * kayton_bridge_open refuses (KT_ERROR) a plugin whose rustc commit differs from the bridge's own. */

#ifdef __cplusplus
}
#endif
#endif
