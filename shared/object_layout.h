// What generated code, the runtime and the linker must agree on beside kayton_api.h: start-up tables, frame
// descriptions, cells, and the data symbols of the worker that code may refer to.
// Plain data in a module's private pages or in the worker; read by the worker's one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shared/kayton_api.h"

namespace kayton {

// A KtStr of one ASCII character.
struct KtAsciiChar {
    KtObject base;
    int64_t byte_len;
    int64_t length;
    int64_t hash;
    char data[8];
};
struct KtAsciiChars {
    KtAsciiChar all[128];
};
static_assert(offsetof(KtAsciiChar, data) == offsetof(KtStr, data));

// An index or slice bound that the program left out.
constexpr int64_t kAbsent = INT64_MIN;

// Where a function's code came from, for tracebacks. Strings are NUL-terminated.
struct KtFrameInfo {
    const char* function;  // "<module>", "area"
    const char* file;      // as given on the command line, or "<cell 4>"
};

// A module's start-up table: what it needs of the VM before its body runs. The runtime fills every slot or raises.
struct KtPluginNeed {
    const char* name;
    const char* path;  // plugin.so in the environment
};
struct KtFunctionNeed {
    const char* name;  // stable name in the registry
    uint64_t signature_id;
    const void** slot;
};
struct KtTypeNeed {
    const char* signature;  // Kayton type syntax
    const KtTypeInfo** slot;
};
// A user class or exception class that the module defines. Fields follow the object header (or KtException) in order.
struct KtClassNeed {
    const char* name;
    const char* base_signature;  // or NULL
    int64_t field_count;
    const char* const* field_names;
    const char* const* field_signatures;
    const KtTypeOps* ops;  // entries the class defines; NULL entries are inherited
    const KtTypeInfo** slot;
    int32_t (*finalize)(void* object) = nullptr;  // __del__; NULL: inherited
};
// A global that holds references. The byte behind the value says whether it is bound; unbound, the value is zero.
struct KtGlobalNeed {
    const char* signature;
    void* address;
};
struct KtStartupTable {
    int64_t plugin_count;
    const KtPluginNeed* plugins;
    int64_t class_count;
    const KtClassNeed* classes;
    int64_t type_count;
    const KtTypeNeed* types;
    int64_t function_count;
    const KtFunctionNeed* functions;
    int64_t global_count;
    const KtGlobalNeed* globals;
};

// A captured variable shared by closures; base.type->args[0] is the value's type.
struct KtCell {
    KtObject base;
    alignas(8) uint8_t value[];
};

// A generator: a suspended function whose frame, an LLVM coroutine's, follows at `frame`. Its first word is the code that
// resumes it. The first members are those of a KtClosure; base.type is Iterator[T] or Generator[T, S, R].
struct KtGenerator {
    KtObject base;
    int32_t (*next)(KtGenerator* self, void* out);
    void (*drop)(KtGenerator* self);
    void* out;                // where the next value goes
    const void* sent;         // the value sent, of type S; NULL for none
    KtGenerator* delegate;    // suspended in `yield from` of this one, which the frame keeps alive; else NULL
    const KtFrameInfo* info;
    void* coroutine;          // `frame`; LLVM must see that its pointer to it goes elsewhere
    void* result;             // where the value returned goes
    int32_t state;            // kGenerator..., the runtime's
    int32_t action;           // kResume...: what the frame finds when it goes on
    int32_t status;           // how it came back: KT_OK with a value, KT_STOP, KT_ERROR
    int32_t guarded;          // the yield it stands at lies in a try: closing must raise GeneratorExit there
    int32_t has_result;
    alignas(16) uint8_t frame[];
};
constexpr int32_t kResumeNext = 0;   // go on
constexpr int32_t kResumeThrow = 1;  // an exception is pending: raise it at the yield
constexpr int32_t kResumeDrop = 2;   // undo the frame; nothing is pending
constexpr int32_t kResumeTrace = 3;  // name each reference that the frame owns, change nothing and stand there again

// An exception object; fields of user subclasses follow.
struct KtException {
    KtObject base;        // type: the class, kind KT_KIND_EXCEPTION
    KtList* args;         // list[Dynamic], or NULL for none
    KtStr* text;          // for classes whose text is not made of args (crate errors, OSError); else NULL
    KtException* cause;   // raise ... from cause
    KtException* context;
    int64_t suppress_context;
    void* traceback;      // the runtime's
    KtHandle* value;      // a crate's error value, or NULL
};

}  // namespace kayton

// Data symbols of the worker that generated code names directly (besides every KT_RUNTIME function):
//   kt_type_none kt_type_bool kt_type_int kt_type_float kt_type_str kt_type_bytes kt_type_dynamic: const KtTypeInfo
//   kt_interrupt_flag: volatile int32_t, polled at safe points
//   kt_stack_limit: const char*, the lowest address a frame may reach; below it kt_raise_recursion is due
//   kt_ascii_chars: KtAsciiChars, the immortal strings of one ASCII character
//   kt_recursion_left: int64_t, how many more calls may be open at once, kept by programs that can tell
#define KT_DATA_SYMBOLS(X) \
    X(kt_type_none) X(kt_type_bool) X(kt_type_int) X(kt_type_float) X(kt_type_str) X(kt_type_bytes) \
    X(kt_type_dynamic) X(kt_interrupt_flag) X(kt_stack_limit) \
    X(kt_recursion_left)   \
    X(kt_ascii_chars)
