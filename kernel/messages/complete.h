// Answers to complete_request and inspect_request. `cells` may be null: the session did not start.
// The thread of the questions.
#pragma once

#include "kernel/wire/message.h"
#include "supervisor/cells.h"

namespace kayton::kernel {

[[nodiscard]] Json complete_reply(Cells* cells, const Json& content);
[[nodiscard]] Json inspect_reply(Cells* cells, const Json& content);

// What the name at the cursor is, by MIME type; empty: nothing is known of it.
[[nodiscard]] Json inspect_text(Cells* cells, const std::string& code, size_t cursor);

// A cursor is counted in Unicode characters; texts in bytes.
[[nodiscard]] size_t byte_offset(const std::string& text, int64_t characters);
[[nodiscard]] int64_t character_offset(const std::string& text, size_t bytes);

}  // namespace kayton::kernel
