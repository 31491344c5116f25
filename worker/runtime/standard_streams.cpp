// Standard input, output and error, print() and input().
#include <charconv>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/file.h"
#include "worker/runtime/leak_check.h"
#include "worker/runtime/print.h"
#include "worker/runtime/repr.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

OutputSink* installed_sink = nullptr;
InputSource* installed_source = nullptr;

KtFile* make_stream(int fd, std::string_view name) {
    const Ref<KtStr> name_text(str_new(name));
    KtFile* file = file_new(fd, name_text.get(), fd == 0 ? "r" : "w", false);
    file->base.refcount = KT_IMMORTAL;
    --vm.waiting_for_end;
    if (vm.leak_check) {  // they live for ever, as the one character of the mode does anyway
        count_ended(file->base.type);
        count_ended(file->name->base.type);
    }
    file->readable = fd == 0;
    file->writable = fd != 0;
    file->stream = fd;
    file->unbuffered = fd == 2;
    return file;
}

}  // namespace

void install_output_sink(OutputSink* sink) {
    flush_standard_output();
    installed_sink = sink;
}
void install_input_source(InputSource* source) {
    installed_source = source;
}
OutputSink* output_sink() {
    return installed_sink;
}
InputSource* input_source() {
    return installed_source;
}

KtFile* standard_output() {
    static KtFile* file = make_stream(1, "<stdout>");
    return file;
}
KtFile* standard_input() {
    static KtFile* file = make_stream(0, "<stdin>");
    return file;
}
KtFile* standard_error() {
    static KtFile* file = make_stream(2, "<stderr>");
    return file;
}

void flush_standard_output() {
    KtException* pending = vm.pending;
    vm.pending = nullptr;
    if (file_flush(standard_output()) != KT_OK) release(kt_exception_take());
    vm.pending = pending;
}

void write_standard_error(std::string_view text) {
    KtException* pending = vm.pending;
    vm.pending = nullptr;
    flush_standard_output();
    if (file_write_text(standard_error(), text) != KT_OK) release(kt_exception_take());
    vm.pending = pending;
}

extern "C" {

int32_t kt_print_value(KtFile* file, const KtTypeInfo* type, const void* value) {
    if (file == nullptr) file = standard_output();
    if (type->kind == KT_KIND_STR) return kt_print_text(file, *static_cast<KtStr* const*>(value));
    if (type->kind == KT_KIND_INT && !file->closed && file->writable && file->newlines != Newlines::kReturn) {
        char text[24];
        const auto end = std::to_chars(text, text + sizeof text, *static_cast<const int64_t*>(value)).ptr;
        return file_write_text(file, {text, static_cast<size_t>(end - text)});
    }
    TextBuilder builder;
    if (str_into(builder, type, value) != KT_OK) return KT_ERROR;
    const Ref<KtStr> text(builder.finish());
    return kt_print_text(file, text.get());
}

int32_t kt_print_text(KtFile* file, KtStr* text) {
    if (file == nullptr) file = standard_output();
    if (file->stream != 0 && !file->closed) return file_write_text(file, view(text));
    int64_t written;
    return kt_file_write(file, text, &written);
}

int32_t kt_flush(KtFile* file) {
    if (file == nullptr) file = standard_output();
    if (check_open(file) != KT_OK) return KT_ERROR;
    return file->writable ? file_flush(file) : int32_t{KT_OK};
}

KtFile* kt_stderr() {
    return standard_error();
}
KtFile* kt_stdout() {
    return standard_output();
}
KtFile* kt_stdin() {
    return standard_input();
}

int32_t kt_input(KtStr* prompt, KtStr** out) {
    const bool asked = installed_source != nullptr && unread_bytes(standard_input()) == 0 &&
                       installed_source->ask(prompt == nullptr ? std::string_view() : view(prompt));
    if (!asked && prompt != nullptr && file_write_text(standard_output(), view(prompt)) != KT_OK) return KT_ERROR;
    if (file_flush(standard_output()) != KT_OK) return KT_ERROR;
    Ref<KtStr> line;
    if (kt_file_readline(standard_input(), line.out()) != KT_OK) return KT_ERROR;
    if (line->byte_len == 0) return raise(Exc::EOFError, "EOF when reading a line");
    const bool ended = line->data[line->byte_len - 1] == '\n';
    *out = ended
               ? str_new_counted(view(line.get()).substr(0, static_cast<size_t>(line->byte_len - 1)), line->length - 1)
               : line.take();
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
