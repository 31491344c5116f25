// Tracebacks as CPython 3.11 prints them: frames collected while an exception propagates, source lines from the texts
// the worker was given with the program. Used by the VM's one thread.
#pragma once

#include <string>
#include <string_view>

#include "shared/object_layout.h"

namespace kayton {

// Remembers the source of a file or cell, by the name its frames carry.
void register_source(std::string_view file, std::string_view text);

// "Traceback (most recent call last): ... ValueError: text\n", causes and contexts first.
[[nodiscard]] std::string render_traceback(KtException* exception);

void add_frame(KtException* exception, const KtFrameInfo* frame, int64_t position);
void drop_traceback(KtException* exception);

}  // namespace kayton
