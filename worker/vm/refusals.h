// What the system last refused this process of its own: a file, or a program to start. A crate's error says only
// "Permission denied (os error 13)"; with this the exception it becomes says what. A hint for people, nothing rests on it.
// Any thread.
#pragma once

#include <string>
#include <string_view>

namespace kayton {

// With the errno that it was refused with.
void note_refused_file(const char* path, int error);
void note_refused_program(const char* name, int error);
// Something else was refused since, of which the supervisor knows more.
void forget_refused();

// The message with what was refused, if it is about a refusal, by the number it gives, and something was.
[[nodiscard]] std::string with_refused(std::string_view message);

}  // namespace kayton
