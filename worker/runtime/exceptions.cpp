#include "worker/runtime/exceptions.h"

#include <cerrno>
#include <cstring>

#include "worker/runtime/file.h"
#include "worker/runtime/list.h"
#include "worker/runtime/repr.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/str.h"
#include "worker/runtime/traceback.h"
#include "worker/runtime/type_record.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

constexpr int kCount = static_cast<int>(Exc::kCount);

constexpr std::string_view kNames[] = {
#define KT_EXCEPTION(name, base) #name,
#include "shared/exceptions.def"
#undef KT_EXCEPTION
};
constexpr std::string_view kBases[] = {
#define KT_EXCEPTION(name, base) #base,
#include "shared/exceptions.def"
#undef KT_EXCEPTION
};

struct ExceptionTypes {
    TypeRecord records[kCount];
};

constexpr int index_of(std::string_view name) {
    for (int i = 0; i < kCount; ++i)
        if (kNames[i] == name) return i;
    return -1;
}

extern const ExceptionTypes exception_types;
constexpr ExceptionTypes make_exception_types(const TypeRecord* first) {
    ExceptionTypes types = {};
    for (int i = 0; i < kCount; ++i) {
        const KtTypeInfo* base = kBases[i].empty() ? nullptr : &first[index_of(kBases[i])].info;
        types.records[i].info = {KT_KIND_EXCEPTION,   8,       8,      1, kNames[i].data(), base, nullptr, nullptr, 0,
                          sizeof(KtException), nullptr, nullptr};
    }
    return types;
}
constinit const ExceptionTypes exception_types = make_exception_types(exception_types.records);

Exc class_of_errno(int error) {
    switch (error) {
        case EAGAIN:
        case EALREADY:
        case EINPROGRESS: return Exc::BlockingIOError;
        case EPIPE:
        case ESHUTDOWN: return Exc::BrokenPipeError;
        case ECHILD: return Exc::ChildProcessError;
        case ECONNABORTED: return Exc::ConnectionAbortedError;
        case ECONNREFUSED: return Exc::ConnectionRefusedError;
        case ECONNRESET: return Exc::ConnectionResetError;
        case EEXIST: return Exc::FileExistsError;
        case ENOENT: return Exc::FileNotFoundError;
        case EISDIR: return Exc::IsADirectoryError;
        case ENOTDIR: return Exc::NotADirectoryError;
        case EINTR: return Exc::InterruptedError;
        case EACCES:
        case EPERM: return Exc::PermissionError;
        case ESRCH: return Exc::ProcessLookupError;
        case ETIMEDOUT: return Exc::TimeoutError;
        default: return Exc::OSError;
    }
}

KtException* new_exception(const KtTypeInfo* type, KtList* args_owned) {
    auto* exception = static_cast<KtException*>(kt_object_new(type));
    exception->args = args_owned;
    return exception;
}

void push_arg(KtList* args, const KtTypeInfo* type, const void* value) {
    const KtValue held = make_value(type, value);
    kt_list_append(args, &held);
    value_release(&kt_type_dynamic, &held);
}

KtList* args_of(std::initializer_list<KtStr*> texts) {
    KtList* args = kt_list_new(type_list_dynamic(), static_cast<int64_t>(texts.size()));
    for (KtStr* text : texts) push_arg(args, &kt_type_str, &text);
    return args;
}

// The exception being handled becomes the context; a chain that would lead back to the exception is cut (as CPython's
// _PyErr_SetObject does).
void set_context(KtException* exception) {
    if (vm.handling.empty()) return;
    KtException* context = vm.handling.back();
    if (context == exception) return;
    for (KtException* at = context; at->context != nullptr; at = at->context) {
        if (at->context == exception) {
            release(at->context);
            at->context = nullptr;
            break;
        }
    }
    retain(context);
    release(exception->context);
    exception->context = context;
}

// Takes the reference over.
void make_pending(KtException* exception) {
    KtException* old = vm.pending;
    vm.pending = exception;
    release(old);
}

// OSError(errno, text[, file]) is of the errno's class and shows as "[Errno 2] text: 'file'".
const KtTypeInfo* os_error_class(const KtTypeInfo* type, const KtList* args) {
    if (type != exception_type(Exc::OSError) || args == nullptr || args->length < 2 || args->length > 5) return type;
    const auto* number = reinterpret_cast<const KtValue*>(element_at(args, 0));
    if (number->type != &kt_type_int) return type;
    return exception_type(class_of_errno(static_cast<int>(number->payload)));
}

// Of an OSError, which is no crate's: the place of a crate's value holds the name of its file.
void keep_file(KtException* exception, KtStr* file) {
    retain(file);
    exception->value = reinterpret_cast<KtHandle*>(file);
}

void describe_os_error(KtException* exception) {
    KtList* args = exception->args;
    if (!is_subclass(exception->base.type, exception_type(Exc::OSError)) || args == nullptr) return;
    if (args->length < 2 || args->length > 5) return;
    TextBuilder builder;
    builder.add("[Errno ");
    const auto* values = reinterpret_cast<const KtValue*>(args->data);
    if (str_into(builder, &kt_type_dynamic, &values[0]) != KT_OK) return;
    builder.add("] ");
    if (str_into(builder, &kt_type_dynamic, &values[1]) != KT_OK) return;
    if (args->length >= 3 && values[2].type != &kt_type_none) {
        builder.add(": ");
        if (repr_into(builder, &kt_type_dynamic, &values[2]) != KT_OK) return;
        if (values[2].type == &kt_type_str) keep_file(exception, reinterpret_cast<KtStr*>(values[2].payload));
        exception->args = kt_list_new(type_list_dynamic(), 2);
        kt_list_append(exception->args, &values[0]);
        kt_list_append(exception->args, &values[1]);
        release(args);
    }
    exception->text = builder.finish();
}

int32_t text_into(TextBuilder& builder, KtException* exception) {
    if (exception->text != nullptr) {
        builder.add(exception->text);
        return KT_OK;
    }
    const KtList* args = exception->args;
    if (args == nullptr || args->length == 0) return KT_OK;
    if (args->length == 1) {
        const bool key = is_subclass(exception->base.type, exception_type(Exc::KeyError));
        return key ? repr_into(builder, &kt_type_dynamic, element_at(args, 0))
                   : str_into(builder, &kt_type_dynamic, element_at(args, 0));
    }
    builder.add('(');
    for (int64_t i = 0; i < args->length; ++i) {
        if (i > 0) builder.add(", ");
        if (repr_into(builder, &kt_type_dynamic, element_at(args, i)) != KT_OK) return KT_ERROR;
    }
    builder.add(')');
    return KT_OK;
}

int32_t raise_with_text(const KtTypeInfo* type, KtList* args_owned, std::string_view text) {
    KtException* exception = new_exception(type, args_owned);
    exception->text = str_new(text);
    set_context(exception);
    make_pending(exception);
    return KT_ERROR;
}

}  // namespace

const KtTypeInfo* exception_type(Exc id) {
    return &exception_types.records[static_cast<int>(id)].info;
}

const KtTypeInfo* os_error_type(int error) {
    return exception_type(class_of_errno(error));
}

const KtTypeInfo* builtin_exception(std::string_view name) {
    if (name == "IOError" || name == "EnvironmentError") name = "OSError";
    const int index = index_of(name);
    return index < 0 ? nullptr : &exception_types.records[index].info;
}

int32_t raise_type(const KtTypeInfo* type, std::string_view message) {
    KtList* args = nullptr;
    if (!message.empty()) {
        const Ref<KtStr> text(str_new(message));
        args = args_of({text.get()});
    }
    KtException* exception = new_exception(type, args);
    set_context(exception);
    make_pending(exception);
    return KT_ERROR;
}

int32_t raise(Exc id, std::string_view message) {
    return raise_type(exception_type(id), message);
}

int32_t raise_errno(int error, const KtStr* file) {
    const std::string_view reason = std::strerror(error);
    KtList* args = kt_list_new(type_list_dynamic(), 2);
    const int64_t number = error;
    push_arg(args, &kt_type_int, &number);
    const Ref<KtStr> text(str_new(reason));
    KtStr* shown = text.get();
    push_arg(args, &kt_type_str, &shown);
    TextBuilder builder;
    builder.add(std::string_view(fmt::format("[Errno {}] {}", error, reason)));
    if (file != nullptr) {
        builder.add(": ");
        quote_text(builder, view(file), false);
    }
    const int32_t status = raise_with_text(exception_type(class_of_errno(error)), args, builder.text());
    if (file != nullptr) keep_file(vm.pending, const_cast<KtStr*>(file));
    return status;
}

int32_t raise_range_overflow() {
    KtList* args = kt_list_new(type_list_dynamic(), 2);
    const int64_t number = ERANGE;
    push_arg(args, &kt_type_int, &number);
    const Ref<KtStr> text(str_new(std::strerror(ERANGE)));
    KtStr* shown = text.get();
    push_arg(args, &kt_type_str, &shown);
    KtException* exception = new_exception(exception_type(Exc::OverflowError), args);
    set_context(exception);
    make_pending(exception);
    return KT_ERROR;
}

int32_t raise_unicode_decode(std::string_view codec, const KtBytes* object, int64_t start, int64_t end,
                             std::string_view reason) {
    const Ref<KtStr> name(str_new(codec));
    const Ref<KtStr> why(str_new(reason));
    KtStr* name_text = name.get();
    KtStr* why_text = why.get();
    KtList* args = kt_list_new(type_list_dynamic(), 5);
    push_arg(args, &kt_type_str, &name_text);
    push_arg(args, &kt_type_bytes, &object);
    push_arg(args, &kt_type_int, &start);
    push_arg(args, &kt_type_int, &end);
    push_arg(args, &kt_type_str, &why_text);
    const std::string text = end == start + 1 ? fmt::format("'{}' codec can't decode byte {:#04x} in position {}: {}",
                                                            codec, object->data[start], start, reason)
                                              : fmt::format("'{}' codec can't decode bytes in position {}-{}: {}",
                                                            codec, start, end - 1, reason);
    return raise_with_text(exception_type(Exc::UnicodeDecodeError), args, text);
}

int32_t raise_unicode_encode(std::string_view codec, const KtStr* object, int64_t start, int64_t end,
                             std::string_view reason) {
    const Ref<KtStr> name(str_new(codec));
    const Ref<KtStr> why(str_new(reason));
    KtStr* name_text = name.get();
    KtStr* why_text = why.get();
    KtList* args = kt_list_new(type_list_dynamic(), 5);
    push_arg(args, &kt_type_str, &name_text);
    push_arg(args, &kt_type_str, &object);
    push_arg(args, &kt_type_int, &start);
    push_arg(args, &kt_type_int, &end);
    push_arg(args, &kt_type_str, &why_text);
    const char* at = object->data + byte_offset(object, start);
    const auto bad = static_cast<uint32_t>(decode_next(at));
    const std::string shown = bad < 0x100     ? fmt::format("\\x{:02x}", bad)
                              : bad < 0x10000 ? fmt::format("\\u{:04x}", bad)
                                              : fmt::format("\\U{:08x}", bad);
    const std::string text =
        end == start + 1
            ? fmt::format("'{}' codec can't encode character '{}' in position {}: {}", codec, shown, start, reason)
            : fmt::format("'{}' codec can't encode characters in position {}-{}: {}", codec, start, end - 1, reason);
    return raise_with_text(exception_type(Exc::UnicodeEncodeError), args, text);
}

bool is_subclass(const KtTypeInfo* type, const KtTypeInfo* base) {
    for (; type != nullptr; type = type->base)
        if (type == base) return true;
    return false;
}

std::string exception_text(KtException* exception) {
    TextBuilder builder;
    KtException* const pending = vm.pending;
    vm.pending = nullptr;
    const int32_t status = str_into(builder, exception->base.type, &exception);
    release(vm.pending);
    vm.pending = pending;
    return status == KT_OK ? std::string(builder.text()) : "<exception str() failed>";
}

int exit_status(KtException* system_exit) {
    const KtList* args = system_exit->args;
    if (args == nullptr || args->length == 0) return 0;
    const auto* value = static_cast<const KtValue*>(args->data);
    if (args->length == 1 && value->type == &kt_type_none) return 0;
    if (args->length == 1 && (value->type == &kt_type_int || value->type == &kt_type_bool))
        return static_cast<int>(value->payload & 0xFF);
    write_standard_error(exception_text(system_exit) + "\n");
    return 1;
}

void drop_exception(KtException* exception) {
    release(exception->args);
    release(exception->text);
    release(exception->cause);
    release(exception->context);
    release(exception->value);
    drop_traceback(exception);
}

extern "C" {

KtException* kt_exception_new(const KtTypeInfo* type, KtList* args) {
    retain(args);
    KtException* exception = new_exception(os_error_class(type, args), args);
    describe_os_error(exception);
    return exception;
}

KtException* kt_exception_new_str(const KtTypeInfo* type, KtStr* text) {
    return new_exception(type, args_of({text}));
}

void kt_exception_init(KtException* exception, KtList* args) {
    retain(args);
    release(exception->args);
    exception->args = args;
}

void kt_raise(KtException* exception, KtException* cause) {
    if (cause != nullptr) {
        retain(cause);
        release(exception->cause);
        exception->cause = cause;
        exception->suppress_context = 1;
    }
    set_context(exception);
    retain(exception);
    make_pending(exception);
}

void kt_raise_suppressed(KtException* exception) {
    release(exception->cause);
    exception->cause = nullptr;
    exception->suppress_context = 1;
    set_context(exception);
    retain(exception);
    make_pending(exception);
}

void kt_raise_message(const KtTypeInfo* type, const char* message) {
    raise_type(type, message);
}
void kt_raise_overflow(const char* operation) {
    raise_format(Exc::OverflowError, "integer overflow in {}", operation);
}

void kt_raise_index(const char* what) {
    const std::string_view container = what;
    if (container == "bytes")
        raise(Exc::IndexError, "index out of range");
    else
        raise_format(Exc::IndexError, "{} index out of range", container == "str" ? "string" : container);
}

void kt_raise_key(const KtTypeInfo* type, const void* key) {
    KtList* args = kt_list_new(type_list_dynamic(), 1);
    push_arg(args, type, key);
    KtException* exception = new_exception(exception_type(Exc::KeyError), args);
    set_context(exception);
    make_pending(exception);
}

void kt_raise_recursion() {
    raise(Exc::RecursionError, "maximum recursion depth exceeded");
}

void kt_raise_unbound(const char* name) {
    raise_format(Exc::UnboundLocalError, "cannot access local variable '{}' where it is not associated with a value",
                 name);
}

KtException* kt_exception_take() {
    KtException* exception = vm.pending;
    vm.pending = nullptr;
    return exception;
}

void kt_exception_restore(KtException* exception) {
    retain(exception);
    make_pending(exception);
}

uint8_t kt_exception_matches(KtException* exception, const KtTypeInfo* type) {
    return is_subclass(exception->base.type, type);
}

uint8_t kt_isinstance(void* object, const KtTypeInfo* type) {
    return object != nullptr && is_subclass(static_cast<KtObject*>(object)->type, type);
}

void kt_handling_push(KtException* exception) {
    retain(exception);
    vm.handling.push_back(exception);
}

void kt_handling_pop() {
    KtException* exception = vm.handling.back();
    vm.handling.pop_back();
    release(exception);
}

KtException* kt_handling_current() {
    KtException* exception = vm.handling.empty() ? nullptr : vm.handling.back();
    retain(exception);
    return exception;
}

int32_t kt_exception_str(KtException* exception, KtStr** out) {
    TextBuilder builder;
    if (text_into(builder, exception) != KT_OK) return KT_ERROR;
    *out = builder.finish();
    return KT_OK;
}

KtList* kt_exception_args(KtException* exception) {
    if (exception->args == nullptr) {
        KtList* args = kt_list_new(type_list_dynamic(), 1);
        if (exception->text != nullptr) push_arg(args, &kt_type_str, &exception->text);
        return args;
    }
    retain(exception->args);
    return exception->args;
}

// Of an OSError 0 errno, 1 strerror, 2 filename; of a Unicode error its arguments from 3 on. None where there is none.
int32_t kt_exception_attribute(KtException* exception, int64_t which, void* out) {
    KtValue value = {&kt_type_none, 0};
    const KtList* args = exception->args;
    if (which == 2) {
        if (exception->value != nullptr && exception->value->base.type == &kt_type_str)
            value = {&kt_type_str, reinterpret_cast<uint64_t>(exception->value)};
    } else if (args != nullptr && (which < 2 ? args->length >= 2 : args->length > which - 3)) {
        value = static_cast<const KtValue*>(args->data)[which < 2 ? which : which - 3];
    }
    kt_value_retain(&kt_type_dynamic, &value);
    std::memcpy(out, &value, sizeof value);
    return KT_OK;
}

// 0 its cause, 1 its context; or NULL.
KtException* kt_exception_link(KtException* exception, int64_t which) {
    KtException* found = which == 0 ? exception->cause : exception->context;
    retain(found);
    return found;
}

int64_t kt_exception_suppressed(KtException* exception) {
    return exception->suppress_context;
}

// As it is printed when nobody catches it. NULL: the exception being handled.
KtStr* kt_traceback_text(KtException* exception) {
    const Ref<KtException> current(exception == nullptr ? kt_handling_current() : nullptr);
    if (exception == nullptr) exception = current.get();
    return str_new(exception != nullptr ? render_traceback(exception) : "NoneType: None\n");
}

KtStr* kt_exception_message(KtException* exception) {
    return str_new(exception_text(exception));
}

void kt_traceback_add(const KtFrameInfo* frame, int64_t position) {
    if (vm.pending != nullptr) add_frame(vm.pending, frame, position);
}

}  // extern "C"

}  // namespace kayton
