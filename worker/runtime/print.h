// Where standard output and standard error go: by default to descriptors 1 and 2, in a worker into messages through
// the sink that its loop installs. Used by the VM's one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/message.h"

namespace kayton {

class OutputSink {
  public:
    virtual ~OutputSink() = default;
    // stream is 1 or 2. Takes everything or gives up for good: a program's output has nowhere else to go.
    virtual void write(int stream, std::string_view data) = 0;
    // What is shown apart from the output: as plain text on standard output, where the sink knows nothing better.
    virtual void display(Display display) { write(1, plain_text(display)); }

    [[nodiscard]] static std::string plain_text(const Display& display);
};

// Lines for input(); the default reads descriptor 0.
class InputSource {
  public:
    virtual ~InputSource() = default;
    // Up to `size` bytes; 0 at the end of input, negative errno on failure.
    virtual long read(char* data, size_t size) = 0;
    // What input() asks for with the next line. False: the source does not show it, the caller writes it.
    virtual bool ask(std::string_view) { return false; }
};

// NULL gives the default back. The sink must outlive its use.
void install_output_sink(OutputSink* sink);
void install_input_source(InputSource* source);
[[nodiscard]] OutputSink* output_sink();
[[nodiscard]] InputSource* input_source();

// What is buffered goes out; called at exit, before input(), by safe points after a tick, and by the loop.
void flush_standard_output();

}  // namespace kayton
