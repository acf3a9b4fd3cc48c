#include "report/reporter.hpp"

#include <sys/ioctl.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>

#include "base/error.hpp"
#include "base/printable.hpp"

namespace rankine::report {
namespace {

constexpr std::int64_t line_interval_ns = 200'000'000;
constexpr std::int64_t first_plain_interval_ns = 1'000'000'000, plain_interval_ns = 10'000'000'000;
constexpr const char* erase_to_end_of_line = "\x1b[K";

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

/// A file that is no terminal and a terminal that does not tell its width count as 80 columns.
unsigned columns_of(std::FILE* out) {
  winsize size{};
  const int descriptor = fileno(out);
  if (descriptor < 0 || ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

ProgressStyle resolve(ProgressStyle style, std::FILE* out) {
  if (style != ProgressStyle::automatic) return style;
  const int descriptor = fileno(out);
  return descriptor >= 0 && isatty(descriptor) == 1 ? ProgressStyle::line : ProgressStyle::plain;
}

}  // namespace

struct Reporter::Impl {
  ReporterOptions options;
  ProgressStyle style = ProgressStyle::off;
  std::unique_ptr<std::FILE, CloseFile> log;
  bool line_shown = false;
  std::optional<Instant> last_drawn;
  /// Lines that stay, as in a log: often at first, when one wonders whether it does anything at all, and then less often.
  struct PlainLines {
    std::optional<Instant> began;
    Instant last;
    bool due(Instant now) {
      if (!began) {
        began = last = now;
        return false;
      }
      if (now.ns - last.ns < std::clamp(last.ns - began->ns, first_plain_interval_ns, plain_interval_ns)) return false;
      last = now;
      return true;
    }
  };
  PlainLines shown, logged;

  void write_log(const std::string& text) {
    if (!log) return;
    std::fprintf(log.get(), "%s  %s\n", options.timestamp().c_str(), printable_lines(text).c_str());
    std::fflush(log.get());  // what a killed job has left is what its log is for
  }

  void write_out(const std::string& text) {
    clear();
    std::fprintf(options.out, "%s\n", printable_lines(text).c_str());
    std::fflush(options.out);
  }

  void clear() {
    if (!line_shown) return;
    std::fprintf(options.out, "\r%s", erase_to_end_of_line);
    std::fflush(options.out);
    line_shown = false;
  }

  void say(Verbosity least, const std::string& text) {
    if (options.verbosity >= least) write_out(text);
    write_log(text);
  }
};

namespace {

/// To append to; null, with errno, where it cannot be. Not through a link that another user has put there, and without waiting
/// for whoever might read a FIFO.
std::FILE* open_log(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid != ::geteuid() && status.st_uid != 0)
    throw OutputError("cannot open log file " + path + ": it is a link of another user; give another with --log-file");
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
  if (descriptor < 0) return nullptr;
  ::fcntl(descriptor, F_SETFL, O_APPEND);
  std::FILE* file = ::fdopen(descriptor, "a");
  if (file == nullptr) ::close(descriptor);
  return file;
}

}  // namespace

Reporter::Reporter(ReporterOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  if (!impl_->options.timestamp) impl_->options.timestamp = local_time;
  if (impl_->options.verbosity != Verbosity::quiet) {
    impl_->style = resolve(impl_->options.progress, impl_->options.out);
  }
  const std::string& path = impl_->options.log_file;
  if (path.empty()) return;
  impl_->log.reset(open_log(path));
  if (!impl_->log) {
    throw OutputError("cannot open log file " + path + ": " + std::strerror(errno) +
                      "; give another with --log-file");
  }
}

Reporter::~Reporter() { impl_->clear(); }

void Reporter::detail(const std::string& text) { impl_->say(Verbosity::verbose, printable_message(text)); }
void Reporter::note(const std::string& text) { impl_->say(Verbosity::normal, printable_message(text)); }
void Reporter::warning(const std::string& text) { impl_->say(Verbosity::quiet, "warning: " + printable_message(text)); }
void Reporter::error(const std::string& text) { impl_->say(Verbosity::quiet, "rankine: " + printable_message(text)); }

bool Reporter::progress(const ProgressState& state, Instant now) {
  Impl& impl = *impl_;
  if (impl.log && impl.logged.due(now)) impl.write_log(printable(plain_line(state)));
  if (impl.style == ProgressStyle::line) {
    if (impl.last_drawn && now.ns - impl.last_drawn->ns < line_interval_ns) return false;
    impl.last_drawn = now;
    // One column stays free: some terminals wrap when the last one is written.
    const std::string line = progress_line(state, columns_of(impl.options.out) - 1);
    std::fprintf(impl.options.out, "\r%s%s", printable(line).c_str(), erase_to_end_of_line);
    std::fflush(impl.options.out);
    impl.line_shown = true;
    return true;
  }
  if (impl.style == ProgressStyle::plain) {
    if (!impl.shown.due(now)) return false;
    impl.write_out(impl.options.timestamp() + "  " + printable(plain_line(state)));
    return true;
  }
  return false;
}

void Reporter::clear_line() { impl_->clear(); }

void Reporter::summary(const RunSummary& summary) {
  const SummaryOptions options{.every_rank = impl_->options.verbosity != Verbosity::quiet,
                               .most_ranks = impl_->options.verbosity == Verbosity::verbose ? 1000000u : 32u};
  std::string text = summary_text(summary, options);
  text.pop_back();  // say() ends the line
  impl_->say(Verbosity::normal, text);
}

}  // namespace rankine::report
