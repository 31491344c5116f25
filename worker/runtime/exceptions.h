// The built-in exception classes and how the runtime raises: raise(...) sets the pending exception and gives KT_ERROR.
// Texts are CPython's. Used by the VM's one thread.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "shared/kayton_api.h"
#include "shared/object_layout.h"

namespace kayton {

enum class Exc : int {
#define KT_EXCEPTION(name, base) name,
#include "shared/exceptions.def"
#undef KT_EXCEPTION
    kCount
};

[[nodiscard]] const KtTypeInfo* exception_type(Exc id);
// NULL when no built-in class has the name.
[[nodiscard]] const KtTypeInfo* builtin_exception(std::string_view name);

int32_t raise(Exc id, std::string_view message);
int32_t raise_type(const KtTypeInfo* type, std::string_view message);
template <typename... Args>
int32_t raise_format(Exc id, fmt::format_string<Args...> format, Args&&... args) {
    return raise(id, fmt::format(format, std::forward<Args>(args)...));
}
// The class CPython maps an errno to: OSError or one below it.
[[nodiscard]] const KtTypeInfo* os_error_type(int error);
// OSError of an errno, of the class CPython maps it to; the file may be NULL.
int32_t raise_errno(int error, const KtStr* file);
// CPython's OverflowError(34, 'Numerical result out of range').
int32_t raise_range_overflow();
int32_t raise_unicode_decode(std::string_view codec, const KtBytes* object, int64_t start, int64_t end,
                             std::string_view reason);
int32_t raise_unicode_encode(std::string_view codec, const KtStr* object, int64_t start, int64_t end,
                             std::string_view reason);

[[nodiscard]] bool is_subclass(const KtTypeInfo* type, const KtTypeInfo* base);

// The text of str(exception). Never fails: a failing __str__ is replaced as CPython's traceback does.
[[nodiscard]] std::string exception_text(KtException* exception);
// The exit status that SystemExit asks for; prints its text to standard error when it is not a number.
[[nodiscard]] int exit_status(KtException* system_exit);

// Used when an exception object is destroyed.
void drop_exception(KtException* exception);

}  // namespace kayton
