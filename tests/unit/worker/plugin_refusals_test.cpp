// What becomes of a crate's error when the system refused something: the class of its errno, and what was refused.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/vm_state.h"
#include "worker/vm/refusals.h"
#include "worker/vm/vm_api.h"

namespace kayton {
namespace {

// The exception that raising it makes: "Class: text".
std::string raised(std::string_view class_name, std::string_view message) {
    Vm machine;
    const KaytonContext& context = *machine.context();
    context.api->raise(context.vm, class_name.data(), class_name.size(), message.data(), message.size());
    KtException* exception = kt_exception_take();
    std::string text = exception->base.type->name + std::string(": ") + exception_text(exception);
    release(exception);
    return text;
}

TEST(PluginRefusal, HasTheClassOfItsErrno) {
    EXPECT_EQ(raised("OSError", "Permission denied (os error 13)"), "PermissionError: Permission denied (os error 13)");
    EXPECT_EQ(raised("OSError", "Operation not permitted (os error 1)"),
              "PermissionError: Operation not permitted (os error 1)");
    EXPECT_EQ(raised("OSError", "No such file or directory (os error 2)"),
              "FileNotFoundError: No such file or directory (os error 2)");
    EXPECT_EQ(raised("OSError", "Connection refused (os error 111)"),
              "ConnectionRefusedError: Connection refused (os error 111)");
    EXPECT_EQ(raised("OSError", "some of its own"), "OSError: some of its own");
    EXPECT_EQ(raised("OSError", "odd (os error x)"), "OSError: odd (os error x)");
    EXPECT_EQ(raised("ValueError", "of a text (os error 13)"), "ValueError: of a text (os error 13)");
}

TEST(PluginRefusal, IsAPermissionErrorThoughACrateMadeTextOfIt) {
    Vm machine;
    const KaytonContext& context = *machine.context();
    constexpr std::string_view kClass = "some_crate.Error";
    static const KtTypeOps kNoOperations{};
    const KtTypeMeta meta{sizeof(KtException), alignof(KtException), &kNoOperations};
    ASSERT_NE(context.api->register_type(context.vm, kClass.data(), kClass.size(), &meta,
                                         exception_type(Exc::Exception)),
              nullptr);
    EXPECT_EQ(raised(kClass, "Permission denied (os error 13)"), "PermissionError: Permission denied (os error 13)");
    EXPECT_EQ(raised(kClass, "No such file or directory (os error 2)"),
              "some_crate.Error: No such file or directory (os error 2)");
}

TEST(PluginRefusal, NamesTheFileOnce) {
    note_refused_file("/etc/shadow", EACCES);
    EXPECT_EQ(raised("OSError", "No such file or directory (os error 2)"),
              "FileNotFoundError: No such file or directory (os error 2)");
    EXPECT_EQ(raised("OSError", "Permission denied (os error 13)"),
              "PermissionError: Permission denied (os error 13): '/etc/shadow'");
    EXPECT_EQ(raised("OSError", "Permission denied (os error 13)"), "PermissionError: Permission denied (os error 13)");
    note_refused_file("/etc/shadow", EACCES);
    EXPECT_EQ(raised("RustPanic", "Err value: Os { code: 13, kind: PermissionDenied }"),
              "RustPanic: Err value: Os { code: 13, kind: PermissionDenied }: '/etc/shadow'");
    note_refused_file("/etc/shadow", EACCES);
    EXPECT_EQ(raised("OSError", "permission denied for '/etc/shadow'"), "OSError: permission denied for '/etc/shadow'");
}

TEST(PluginRefusal, NamesNothingThatWasRefusedForAnotherReasonOrBefore) {
    note_refused_file("/etc/shadow", EACCES);
    EXPECT_EQ(raised("OSError", "Operation not permitted (os error 1)"),
              "PermissionError: Operation not permitted (os error 1)");
    forget_refused();
    EXPECT_EQ(raised("OSError", "Permission denied (os error 13)"), "PermissionError: Permission denied (os error 13)");
}

TEST(PluginRefusal, NamesTheProgram) {
    note_refused_program("git", EPERM);
    EXPECT_EQ(raised("OSError", "Operation not permitted (os error 1)"),
              "PermissionError: Operation not permitted (os error 1): cannot run 'git'");
}

TEST(PluginRefusal, LeavesOutANameThatIsTooLong) {
    note_refused_file(std::string(10'000, 'x').c_str(), EACCES);
    EXPECT_EQ(raised("OSError", "Permission denied (os error 13)"), "PermissionError: Permission denied (os error 13)");
}

}  // namespace
}  // namespace kayton
