// Files, standard output, exceptions and tracebacks.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/worker/runtime_values.h"
#include "worker/runtime/caret_anchors.h"
#include "worker/runtime/file.h"
#include "worker/runtime/print.h"
#include "worker/runtime/traceback.h"

namespace kayton::testing {
namespace {

class Files : public ::testing::Test {
  protected:
    void SetUp() override { std::filesystem::create_directories(folder_); }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
    std::string put(const std::string& name, const std::string& data) {
        std::ofstream(path(name), std::ios::binary) << data;
        return path(name);
    }
    static std::string content(const std::string& file) {
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static Ref<KtFile> open(const std::string& file, const char* mode, const char* newline = nullptr,
                            const char* encoding = nullptr) {
        const Ref<KtStr> newline_text(newline != nullptr ? str_new(newline) : nullptr);
        const Ref<KtStr> encoding_text(encoding != nullptr ? str_new(encoding) : nullptr);
        Ref<KtFile> opened;
        EXPECT_EQ(kt_open(Text(file), Text(mode), encoding_text.get(), newline_text.get(), opened.out()), KT_OK)
            << taken();
        return opened;
    }
    static std::string open_error(const std::string& file, const char* mode) {
        KtFile* opened = nullptr;
        EXPECT_EQ(kt_open(Text(file), Text(mode), nullptr, nullptr, &opened), KT_ERROR);
        return taken();
    }
    static std::string lines(const Ref<KtFile>& file) {
        KtList* list = nullptr;
        if (kt_file_readlines(file.get(), &list) != KT_OK) return taken();
        const Ref<KtList> owned(list);
        return shown(list);
    }

  private:
    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("kayton_files_" + std::to_string(::getpid()));
};

TEST_F(Files, SaysWhyOneCannotBeOpened) {
    EXPECT_EQ(open_error("/nonexistent/x", "r"),
              "FileNotFoundError: [Errno 2] No such file or directory: '/nonexistent/x'");
    EXPECT_EQ(open_error("/tmp", "r"), "IsADirectoryError: [Errno 21] Is a directory: '/tmp'");
    EXPECT_EQ(open_error(path("x"), "q"), "ValueError: invalid mode: 'q'");
    EXPECT_EQ(open_error(path("x"), "rw"), "ValueError: must have exactly one of create/read/write/append mode");
    EXPECT_EQ(open_error(path("x"), "rtb"), "ValueError: can't have text and binary mode at once");
    put("there", "");
    EXPECT_EQ(open_error(path("there"), "x").substr(0, 40), "FileExistsError: [Errno 17] File exists:");
}

TEST_F(Files, TranslatesNewlinesAsAsked) {
    const std::string file = put("n", "a\r\nb\rc\nd\r");
    EXPECT_EQ(lines(open(file, "r")), "['a\\n', 'b\\n', 'c\\n', 'd\\n']");
    EXPECT_EQ(lines(open(file, "r", "")), "['a\\r\\n', 'b\\r', 'c\\n', 'd\\r']");
    EXPECT_EQ(lines(open(file, "r", "\n")), "['a\\r\\n', 'b\\rc\\n', 'd\\r']");
    EXPECT_EQ(lines(open(file, "r", "\r")), "['a\\r', '\\nb\\r', 'c\\nd\\r']");
    EXPECT_EQ(lines(open(file, "r", "\r\n")), "['a\\r\\n', 'b\\rc\\nd\\r']");
}

TEST_F(Files, ReadsLinesOverEveryBufferBoundary) {
    std::string data;
    for (int i = 0; i < 30000; ++i)
        data += "é" + std::string(static_cast<size_t>(i % 37), 'x') + (i % 5 == 0 ? "\r\n" : "\n");
    const auto file = open(put("big", data), "r");
    KtStr* line = nullptr;
    int count = 0;
    while (kt_file_next(file.get(), &line) == KT_OK) {
        ASSERT_EQ(line->length, count % 37 + 2);
        release(line);
        ++count;
    }
    EXPECT_EQ(count, 30000);
    EXPECT_EQ(vm.pending, nullptr);
}

TEST_F(Files, RefusesWhatIsNotUtf8) {
    EXPECT_EQ(lines(open(put("bad", "good\nb\xff"), "r")),
              "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 6: invalid start byte");
    const std::string cut = put("cut", "abc\xe2\x82");
    EXPECT_EQ(lines(open(cut, "r")),
              "UnicodeDecodeError: 'utf-8' codec can't decode bytes in position 0-1: unexpected end of data");
    KtStr* text = nullptr;
    EXPECT_EQ(kt_file_read(open(cut, "r").get(), -1, &text), KT_ERROR);
    EXPECT_EQ(taken(), "UnicodeDecodeError: 'utf-8' codec can't decode bytes in position 3-4: unexpected end of data");
    EXPECT_EQ(lines(open(put("latin", "\xe9t\xe9\n"), "r", nullptr, "latin-1")), "['été\\n']");
}

TEST_F(Files, WritesAppendsSeeksAndTells) {
    int64_t count = 0;
    {
        const auto file = open(path("w"), "w");
        ASSERT_EQ(kt_file_write(file.get(), Text("héllo\n"), &count), KT_OK);
        EXPECT_EQ(count, 6);
        ASSERT_EQ(kt_file_close(file.get()), KT_OK);
        EXPECT_EQ(kt_file_write(file.get(), Text("x"), &count), KT_ERROR);
        EXPECT_EQ(taken(), "ValueError: I/O operation on closed file.");
    }
    {
        ASSERT_EQ(kt_file_write(open(path("w"), "a").get(), Text("more"), &count), KT_OK);
    }
    EXPECT_EQ(content(path("w")), "héllo\nmore");
    const auto file = open(path("w"), "r+");
    KtStr* text = nullptr;
    ASSERT_EQ(kt_file_read(file.get(), 2, &text), KT_OK);
    EXPECT_EQ(taken(text), "hé");
    ASSERT_EQ(kt_file_tell(file.get(), &count), KT_OK);
    EXPECT_EQ(count, 3);
    ASSERT_EQ(kt_file_write(file.get(), Text("LL"), &count), KT_OK);
    ASSERT_EQ(kt_file_seek(file.get(), 0, 0, &count), KT_OK);
    ASSERT_EQ(kt_file_read(file.get(), -1, &text), KT_OK);
    EXPECT_EQ(taken(text), "héLLo\nmore");
    EXPECT_EQ(kt_file_read(open(path("x"), "w").get(), -1, &text), KT_ERROR);
    EXPECT_EQ(taken().substr(0, 7), "OSError");
}

TEST_F(Files, ReadsBytesAndTheirLines) {
    const auto file = open(put("b", std::string("a\0\xff\r\nb", 6)), "rb");
    KtBytes* line = nullptr;
    ASSERT_EQ(kt_file_readline_bytes(file.get(), &line), KT_OK);
    EXPECT_EQ(shown(&kt_type_bytes, &line), "b'a\\x00\\xff\\r\\n'");
    release(line);
    ASSERT_EQ(kt_file_read_bytes(file.get(), -1, &line), KT_OK);
    EXPECT_EQ(shown(&kt_type_bytes, &line), "b'b'");
    release(line);
}

class Captured : public OutputSink {
  public:
    Captured() { install_output_sink(this); }
    ~Captured() override { install_output_sink(nullptr); }
    Captured(const Captured&) = delete;
    Captured& operator=(const Captured&) = delete;
    void write(int stream, std::string_view data) override {
        ++writes;
        (stream == 1 ? out : err) += data;
    }
    std::string out, err;
    int writes = 0;
};

TEST(Output, IsBufferedAndFlushedByATick) {
    Captured captured;
    const int64_t number = 42;
    for (int i = 0; i < 100; ++i) ASSERT_EQ(kt_print_value(nullptr, &kt_type_int, &number), KT_OK);
    EXPECT_EQ(captured.writes, 0);
    kt_interrupt_flag = kTickRequest;
    EXPECT_EQ(kt_safepoint(), KT_OK);
    EXPECT_EQ(captured.writes, 1);
    EXPECT_EQ(captured.out.size(), 200u);
    ASSERT_EQ(kt_print_text(kt_stderr(), Text("bad\n")), KT_OK);
    EXPECT_EQ(captured.err, "bad\n");
    kt_interrupt_flag = kInterruptRequest;
    EXPECT_EQ(kt_safepoint(), KT_ERROR);
    EXPECT_EQ(taken(), "KeyboardInterrupt: ");
}

TEST(Exceptions, ShowTheirTextAsCPython) {
    const Ref<KtException> plain(kt_exception_new_str(exception_type(Exc::ValueError), Text("bad")));
    KtException* pointer = plain.get();
    EXPECT_EQ(shown(exception_type(Exc::ValueError), &pointer), "ValueError('bad')");
    kt_raise_key(&kt_type_str, Text("k").at());
    EXPECT_EQ(taken(), "KeyError: 'k'");
    kt_raise_overflow("a * b");
    EXPECT_EQ(taken(), "OverflowError: integer overflow in a * b");
    kt_raise_index("str");
    EXPECT_EQ(taken(), "IndexError: string index out of range");
    kt_raise_unbound("x");
    EXPECT_EQ(taken(), "UnboundLocalError: cannot access local variable 'x' where it is not associated with a value");
    const int64_t number = 2;
    const Ref<KtList> args(kt_list_new(type_list_dynamic(), 3));
    const Text reason("No such file");
    const Text name("x.txt");
    const KtValue values[] = {make_value(&kt_type_int, &number), make_value(&kt_type_str, reason.at()),
                              make_value(&kt_type_str, name.at())};
    for (const KtValue& value : values) {
        kt_list_append(args.get(), &value);
        value_release(&kt_type_dynamic, &value);
    }
    const Ref<KtException> error(kt_exception_new(exception_type(Exc::OSError), args.get()));
    EXPECT_EQ(error->base.type, exception_type(Exc::FileNotFoundError));
    EXPECT_EQ(exception_text(error.get()), "[Errno 2] No such file: 'x.txt'");
    EXPECT_EQ(kt_exception_matches(error.get(), exception_type(Exc::Exception)), 1);
    EXPECT_EQ(kt_exception_matches(error.get(), exception_type(Exc::LookupError)), 0);
}

TEST(Traceback, IsCPythons) {
    register_source("t.kay", "def f(a):\n    return a / 0\n\nf(1)  # called\nx = \"é\" + g(2)\n");
    const KtFrameInfo f = {"f", "t.kay"};
    const KtFrameInfo module = {"<module>", "t.kay"};
    const auto position = [](int64_t line, int64_t column, int64_t end) { return line << 32 | column << 16 | end; };
    raise(Exc::ZeroDivisionError, "division by zero");
    kt_traceback_add(&f, position(2, 12, 17));
    kt_traceback_add(&module, position(4, 1, 5));
    const Ref<KtException> first(kt_exception_take());
    EXPECT_EQ(render_traceback(first.get()),
              "Traceback (most recent call last):\n"
              "  File \"t.kay\", line 4, in <module>\n"
              "    f(1)  # called\n"
              "    ^^^^\n"
              "  File \"t.kay\", line 2, in f\n"
              "    return a / 0\n"
              "           ~~^~~\n"
              "ZeroDivisionError: division by zero\n");
    kt_handling_push(first.get());
    raise(Exc::ValueError, "");
    kt_handling_pop();
    kt_traceback_add(&module, position(5, 11, 15));
    const Ref<KtException> second(kt_exception_take());
    const std::string text = render_traceback(second.get());
    EXPECT_NE(
        text.find("ZeroDivisionError: division by zero\n\nDuring handling of the above exception, another exception "
                  "occurred:\n\nTraceback (most recent call last):\n"),
        std::string::npos);
    EXPECT_TRUE(text.ends_with("    x = \"é\" + g(2)\n              ^^^^\nValueError\n")) << text;
    kt_raise(second.get(), first.get());
    const Ref<KtException> third(kt_exception_take());
    EXPECT_NE(render_traceback(third.get()).find("The above exception was the direct cause"), std::string::npos);
}

TEST(Traceback, CountsRepeatedFrames) {
    const KtFrameInfo f = {"f", "nowhere.kay"};
    kt_raise_recursion();
    for (int i = 0; i < 1000; ++i) kt_traceback_add(&f, int64_t{2} << 32);
    const Ref<KtException> exception(kt_exception_take());
    const std::string line = "  File \"nowhere.kay\", line 2, in f\n";
    EXPECT_EQ(render_traceback(exception.get()),
              "Traceback (most recent call last):\n" + line + line + line +
                  "  [Previous line repeated 997 more times]\nRecursionError: maximum recursion depth exceeded\n");
}

TEST(Traceback, MarksOperatorsAndSubscripts) {
    const auto marks = [](std::string_view text) {
        const CaretAnchors anchors = find_caret_anchors(text);
        return anchors.found ? std::string(text.substr(static_cast<size_t>(anchors.start),
                                                       static_cast<size_t>(anchors.end - anchors.start)))
                             : "";
    };
    EXPECT_EQ(marks("a + b * c"), "+");
    EXPECT_EQ(marks("a - b - (c + d)"), "-");
    EXPECT_EQ(find_caret_anchors("a - b - c").start, 6);
    EXPECT_EQ(marks("x[1][2]"), "[2]");
    EXPECT_EQ(marks("f(a + b)"), "");
    EXPECT_EQ(marks("[1, 2]"), "");
    EXPECT_EQ(marks("a // b"), "//");
    EXPECT_EQ(marks("a < b + c"), "");
    EXPECT_EQ(marks("d['a+b']"), "['a+b']");
}

}  // namespace
}  // namespace kayton::testing
