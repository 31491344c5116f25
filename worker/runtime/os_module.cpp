// The modules os, os.path and sys: what a sandboxed program may ask of the system.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/list.h"
#include "worker/runtime/program_arguments.h"
#include "worker/runtime/str.h"
#include "worker/runtime/system_text.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

std::string path_of(const KtStr* text) {
    return std::string(view(text));
}

bool status_of(const KtStr* path, struct stat& status) {
    return view(path).find('\0') == std::string_view::npos && ::stat(path_of(path).c_str(), &status) == 0;
}

int32_t make_folders(const std::string& path, bool exist_ok, const KtStr* shown) {
    std::string name = path;
    while (name.size() > 1 && name.back() == '/') name.pop_back();
    const size_t slash = name.rfind('/');
    if (slash != std::string::npos && slash > 0) {
        const std::string parent = name.substr(0, slash);
        struct stat status;
        if (::stat(parent.c_str(), &status) != 0 && make_folders(parent, true, shown) != KT_OK) return KT_ERROR;
    }
    if (::mkdir(name.c_str(), 0777) == 0) return KT_OK;
    const int error = errno;
    struct stat status;
    if (exist_ok && ::stat(name.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return KT_OK;
    const Ref<KtStr> at(str_new(name));
    return raise_errno(error, name == path ? shown : at.get());
}

}  // namespace

KtStr* system_text(std::string_view bytes) {
    if (check_utf8(bytes.data(), bytes.size()).start < 0) return str_new(bytes);
    TextBuilder builder(bytes.size() + 16);
    while (true) {
        const Utf8Error error = check_utf8(bytes.data(), bytes.size());
        if (error.start < 0) break;
        builder.add(bytes.substr(0, static_cast<size_t>(error.start)));
        builder.add_code_point(0xFFFD);
        bytes.remove_prefix(static_cast<size_t>(error.end));
    }
    builder.add(bytes);
    return builder.finish();
}

void set_program_arguments(const std::vector<std::string>& arguments) {
    release(vm.argv);
    vm.argv = kt_list_new(type_list_str(), static_cast<int64_t>(arguments.size()) + 1);
    for (const std::string& argument : arguments) list_push_owned(vm.argv, system_text(argument));
}

extern "C" {

KtList* kt_sys_argv() {
    if (vm.argv == nullptr) set_program_arguments({""});
    retain(vm.argv);
    return vm.argv;
}

KtStr* kt_os_getenv(KtStr* name) {
    const char* value = std::getenv(path_of(name).c_str());
    return value != nullptr ? system_text(value) : nullptr;
}

uint8_t kt_os_path_exists(KtStr* path) {
    struct stat status;
    return status_of(path, status);
}

uint8_t kt_os_path_isfile(KtStr* path) {
    struct stat status;
    return status_of(path, status) && S_ISREG(status.st_mode);
}

uint8_t kt_os_path_isdir(KtStr* path) {
    struct stat status;
    return status_of(path, status) && S_ISDIR(status.st_mode);
}

KtStr* kt_os_path_join(KtStr* a, KtStr* b) {
    if (view(b).starts_with('/')) return same(b);
    TextBuilder builder(static_cast<size_t>(a->byte_len + b->byte_len) + 1);
    builder.add(a);
    if (a->byte_len != 0 && !view(a).ends_with('/')) builder.add('/');
    builder.add(b);
    return builder.finish();
}

KtStr* kt_os_path_basename(KtStr* path) {
    const size_t slash = view(path).rfind('/');
    return slash == std::string_view::npos ? same(path) : str_new(view(path).substr(slash + 1));
}

KtStr* kt_os_path_dirname(KtStr* path) {
    std::string_view head = view(path).substr(0, view(path).rfind('/') + 1);
    const size_t last = head.find_last_not_of('/');
    if (last != std::string_view::npos) head = head.substr(0, last + 1);
    return str_new(head);
}

int32_t kt_os_path_splitext(KtStr* path, void* out) {
    const std::string_view text = view(path);
    const size_t slash = text.rfind('/');
    const size_t name = slash == std::string_view::npos ? 0 : slash + 1;
    size_t dot = text.rfind('.');
    // Leading dots of a name are no extension.
    if (dot == std::string_view::npos || dot < name || text.find_first_not_of('.', name) > dot) dot = text.size();
    auto** parts = static_cast<KtStr**>(out);
    parts[0] = str_new(text.substr(0, dot));
    parts[1] = str_new(text.substr(dot));
    return KT_OK;
}

int32_t kt_os_listdir(KtStr* path, KtList** out) {
    const std::string name = path != nullptr ? path_of(path) : ".";
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(name.c_str()), ::closedir);
    if (!folder) return raise_errno(errno, path);
    KtList* list = kt_list_new(type_list_str(), 16);
    while (const dirent* entry = ::readdir(folder.get())) {
        const std::string_view found = entry->d_name;
        if (found != "." && found != "..") list_push_owned(list, system_text(found));
    }
    *out = list;
    return KT_OK;
}

int32_t kt_os_makedirs(KtStr* path, uint8_t exist_ok) {
    return make_folders(path_of(path), exist_ok != 0, path);
}

int32_t kt_os_remove(KtStr* path) {
    return ::unlink(path_of(path).c_str()) == 0 ? int32_t{KT_OK} : raise_errno(errno, path);
}

int32_t kt_os_getcwd(KtStr** out) {
    const std::unique_ptr<char, void (*)(void*)> name(::getcwd(nullptr, 0), std::free);
    if (!name) return raise_errno(errno, nullptr);
    *out = system_text(name.get());
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
