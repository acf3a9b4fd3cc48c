#pragma once
#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rankine/future.hpp"
#include "rankine/task.hpp"

namespace rankine {

namespace detail {

template <auto F>
using ResultOf = typename TaskOf<F>::Of::Result;
template <auto F, std::size_t I>
using ParameterOf = std::tuple_element_t<I, typename TaskOf<F>::Of::Parameters>;

/// Puts the arguments of one call together. The same future twice is one input.
class ArgumentWriter {
 public:
  template <class P, class A>
  void add(const A& argument) {
    if constexpr (IsFuture<A>::value) {
      static_assert(std::is_same_v<typename A::value_type, P>, "a Future of another type than the parameter");
      Serialise<ArgumentKind>::write(out_, ArgumentKind::future);
      Serialise<std::uint32_t>::write(out_, input(argument.handle().id()));
    } else if constexpr (is_futures_for<P, A>()) {
      Serialise<ArgumentKind>::write(out_, ArgumentKind::futures);
      out_.count(argument.size());
      for (const auto& future : argument) Serialise<std::uint32_t>::write(out_, input(future.handle().id()));
    } else {
      static_assert(std::is_convertible_v<const A&, P>, "an argument that does not convert to its parameter");
      Serialise<ArgumentKind>::write(out_, ArgumentKind::value);
      if constexpr (std::is_same_v<A, P>) Serialise<P>::write(out_, argument);
      else Serialise<P>::write(out_, static_cast<P>(argument));
    }
  }
  template <class P, class A>
  static constexpr bool is_futures_for() {
    if constexpr (IsVector<P>::value && IsVector<A>::value) return std::is_same_v<typename A::value_type, Future<typename P::value_type>>;
    else return false;
  }
  void finish(Submission& submission) {
    submission.arguments = out_.take();
    submission.inputs = std::move(inputs_);
  }
  /// The position of an input, which is one also if it is named again.
  std::uint32_t input(std::uint32_t id) {
    // Long lists are rising in practice; only others are searched.
    const bool is_next = inputs_.empty() || largest_ < id;
    if (!is_next)
      if (const auto known = std::find(inputs_.begin(), inputs_.end(), id); known != inputs_.end())
        return static_cast<std::uint32_t>(known - inputs_.begin());
    largest_ = std::max(largest_, id);
    inputs_.push_back(id);
    return static_cast<std::uint32_t>(inputs_.size() - 1);
  }

 private:
  OutBytes out_;
  std::vector<std::uint32_t> inputs_;
  std::uint32_t largest_ = 0;
};

template <auto F, class... A>
Submission submission_of(const SubmitOptions& options, const A&... arguments) {
  static_assert(sizeof...(A) == TaskOf<F>::Of::parameter_count, "a task takes as many arguments as its function");
  Submission submission;
  submission.task = &TaskOf<F>::registered_entry();
  ArgumentWriter writer;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (writer.add<ParameterOf<F, I>>(arguments), ...);
  }(std::index_sequence_for<A...>());
  writer.finish(submission);
  submission.options = options;
  using R = ResultOf<F>;
  if constexpr (!std::is_void_v<R>)
    if constexpr (std::is_trivially_copyable_v<R>) submission.expected_bytes = sizeof(R);
  return submission;
}

/// String literals and arrays decay as they would in a call.
template <class A>
const A& passed(const A& argument) { return argument; }
inline std::string passed(const char* text) { return text; }

/// Folds neighbours, first to last.
template <auto Op, class T>
T fold(const std::vector<T>& values) {
  T total = values.front();
  for (std::size_t i = 1; i < values.size(); ++i) total = Op(total, values[i]);
  return total;
}

}  // namespace detail

/// Operations for reduce: client.reduce<rankine::plus>(futures).
inline constexpr struct Plus { template <class T> T operator()(const T& a, const T& b) const { return a + b; } } plus;
inline constexpr struct Times { template <class T> T operator()(const T& a, const T& b) const { return a * b; } } times;
inline constexpr struct Least { template <class T> T operator()(const T& a, const T& b) const { return b < a ? b : a; } } least;
inline constexpr struct Greatest { template <class T> T operator()(const T& a, const T& b) const { return a < b ? b : a; } } greatest;

/// Futures as they finish, fail or are cancelled:
///     for (auto& future : client.as_completed(futures)) use(future.get());
/// More may be added while it runs.
template <class T>
class AsCompleted {
 public:
  AsCompleted(std::shared_ptr<detail::Port> port, const std::vector<Future<T>>& futures) : port_(std::move(port)) {
    known_ = port_->completion_count();
    for (const auto& future : futures) add(future);
  }
  void add(const Future<T>& future) {
    if (future.done()) done_.push_back(future);
    else pending_.emplace(future.handle().id(), future);
  }
  std::size_t remaining() const { return done_.size() + pending_.size(); }
  /// Waits for the next; nothing if there is none left.
  std::optional<Future<T>> next() {
    while (done_.empty() && !pending_.empty()) {
      const std::size_t count = port_->wait_for_completions(known_);
      for (; known_ < count; ++known_) {
        const auto found = pending_.find(port_->completion(known_));
        if (found == pending_.end()) continue;
        done_.push_back(std::move(found->second));
        pending_.erase(found);
      }
    }
    if (done_.empty()) return std::nullopt;
    Future<T> future = std::move(done_.front());
    done_.pop_front();
    return future;
  }

  /// Those that have not been given out are cancelled and let go.
  void cancel() {
    for (const auto& [id, future] : pending_) future.cancel();
    pending_.clear();
    done_.clear();
  }

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Future<T>;
    using difference_type = std::ptrdiff_t;
    using pointer = const Future<T>*;
    using reference = const Future<T>&;
    explicit Iterator(AsCompleted* from) : from_(from) { ++*this; }
    Iterator() = default;
    reference operator*() const { return *current_; }
    pointer operator->() const { return &*current_; }
    Iterator& operator++() {
      current_ = from_->next();
      if (!current_) from_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(const Iterator& other) const { return from_ == other.from_; }

   private:
    AsCompleted* from_ = nullptr;
    std::optional<Future<T>> current_;
  };
  Iterator begin() { return Iterator(this); }
  Iterator end() { return Iterator(); }

 private:
  std::shared_ptr<detail::Port> port_;
  std::size_t known_ = 0;
  std::deque<Future<T>> done_;
  std::unordered_map<std::uint32_t, Future<T>> pending_;
};

template <class T>
class Delayed;

/// Submits tasks and fetches results. Rank 0's Client is one, and inside a task there is task_client().
///
/// Not thread-safe. On rank 0 it drives the job while it waits: results that come while the program computes on its own
/// between two calls are dealt with at the next.
class TaskClient {
 public:
  explicit TaskClient(std::shared_ptr<detail::Port> port) : port_(std::move(port)) {}

  /// Calls F somewhere, soon. An argument is a value, a Future (whose result is passed), or a vector of Futures for a
  /// parameter that is a vector: results travel from worker to worker.
  template <auto F, class... A>
  Future<detail::ResultOf<F>> submit(const A&... arguments) {
    return submit_with<F>(SubmitOptions{}, arguments...);
  }
  template <auto F, class... A>
  Future<detail::ResultOf<F>> submit_with(const SubmitOptions& options, const A&... arguments) {
    std::vector<detail::Submission> one;
    one.push_back(detail::submission_of<F>(options, detail::passed(arguments)...));
    return wrap<detail::ResultOf<F>>(port_->submit(std::move(one)));
  }

  /// F for each element: a vector of a parameter's type (or of Futures of it) gives one element to each call, anything
  /// else goes to all. Vectors are of one length.
  template <auto F, class... A>
  std::vector<Future<detail::ResultOf<F>>> map(const A&... arguments) { return map_with<F>(SubmitOptions{}, arguments...); }
  template <auto F, class... A>
  std::vector<Future<detail::ResultOf<F>>> map_with(const SubmitOptions& options, const A&... arguments) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      std::optional<std::size_t> length;
      (note_length<detail::ParameterOf<F, I>>(arguments, length), ...);
      if (!length) throw UsageError("map needs a vector that has an element for each call");
      std::vector<detail::Submission> all;
      all.reserve(*length);
      for (std::size_t k = 0; k < *length; ++k)
        all.push_back(detail::submission_of<F>(options, element<detail::ParameterOf<F, I>>(arguments, k)...));
      return wrap_all<detail::ResultOf<F>>(std::move(all));
    }(std::index_sequence_for<A...>());
  }

  /// All results, in order. Throws TaskError for the first that has none.
  template <class T>
  std::vector<T> gather(const std::vector<Future<T>>& futures) {
    std::vector<T> values;
    values.reserve(futures.size());
    for (const auto& bytes : port_->results(ids_of(futures))) values.push_back(from_bytes<T>(*bytes));
    return values;
  }
  /// Until all are done, well or badly.
  template <class T>
  void wait(const std::vector<Future<T>>& futures) { port_->wait(ids_of(futures)); }
  template <class T>
  AsCompleted<T> as_completed(const std::vector<Future<T>>& futures) { return AsCompleted<T>(port_, futures); }
  template <class T>
  void cancel(const std::vector<Future<T>>& futures) {
    for (const auto& future : futures) future.cancel();
  }

  /// A value, put on some worker once: tasks that take the Future find it there. Copies are kept where it has been used.
  template <class T>
  Future<T> scatter(const T& value) {
    std::vector<detail::Submission> one(1);
    one[0].arguments = to_bytes<T>(value);
    one[0].expected_bytes = one[0].arguments.size();
    return wrap<T>(port_->submit(std::move(one)));
  }
  /// Dask's scatter(broadcast=True): the same, for what every worker will need. Each fetches it with its first task.
  template <class T>
  Future<T> broadcast(const T& value) { return scatter(value); }
  /// Each element on some worker.
  template <class T>
  std::vector<Future<T>> scatter_each(const std::vector<T>& values) {
    std::vector<Future<T>> futures;
    for (const T& value : values) futures.push_back(scatter(value));
    return futures;
  }

  /// Op over all, in a tree whose shape depends on their number alone: the same result on any number of ranks. Op is a
  /// function of two values or one of plus, times, least, greatest. What lies between stays on the workers.
  template <auto Op, class T>
  Future<T> reduce(const std::vector<Future<T>>& futures, std::size_t fan_in = 8) {
    if (futures.empty()) throw UsageError("nothing to reduce: the list of futures is empty");
    if (fan_in < 2) throw UsageError("a reduction takes at least two values at a time");
    std::vector<detail::Submission> all;
    std::vector<std::uint32_t> level = ids_of(futures);
    const std::uint32_t first = port_->next_id();
    do {
      std::vector<std::uint32_t> next;
      for (std::size_t begin = 0; begin < level.size(); begin += fan_in) {
        const std::size_t end = std::min(level.size(), begin + fan_in);
        next.push_back(first + static_cast<std::uint32_t>(all.size()));
        all.push_back(fold_submission<Op, T>(std::span(level).subspan(begin, end - begin)));
      }
      level = std::move(next);
    } while (level.size() > 1);
    all.back().wanted = true;
    port_->submit(std::move(all));
    return wrap<T>(level[0]);
  }

  /// Runs lazy graphs and fetches what was asked for. Throws TaskError. See rankine/delayed.hpp.
  template <class T>
  T compute(const Delayed<T>& target);
  template <class T>
  std::vector<T> compute(const std::vector<Delayed<T>>& targets) { return gather(persist(targets)); }
  /// Runs them; the results stay on the workers.
  template <class T>
  Future<T> persist(const Delayed<T>& target);
  template <class T>
  std::vector<Future<T>> persist(const std::vector<Delayed<T>>& targets);

 private:
  template <class T>
  Future<T> wrap(std::uint32_t id) { return Future<T>(std::make_shared<const detail::Handle>(port_, id)); }
  template <class T>
  std::vector<Future<T>> wrap_all(std::vector<detail::Submission> all) {
    const std::size_t count = all.size();
    const std::uint32_t first = port_->submit(std::move(all));
    std::vector<Future<T>> futures;
    futures.reserve(count);
    for (std::size_t i = 0; i < count; ++i) futures.push_back(wrap<T>(first + static_cast<std::uint32_t>(i)));
    return futures;
  }
  template <class T>
  static std::vector<std::uint32_t> ids_of(const std::vector<Future<T>>& futures) {
    std::vector<std::uint32_t> ids;
    ids.reserve(futures.size());
    for (const auto& future : futures) ids.push_back(future.handle().id());
    return ids;
  }

  template <class P, class A>
  static constexpr bool is_mapped() {
    if constexpr (!detail::IsVector<A>::value || std::is_convertible_v<const A&, P>) return false;
    else if constexpr (detail::ArgumentWriter::is_futures_for<P, A>()) return false;
    else return std::is_same_v<typename A::value_type, Future<P>> || std::is_convertible_v<typename A::value_type, P> ||
                detail::ArgumentWriter::is_futures_for<P, typename A::value_type>();
  }
  template <class P, class A>
  static void note_length(const A& argument, std::optional<std::size_t>& length) {
    if constexpr (is_mapped<P, A>()) {
      if (length && *length != argument.size())
        throw UsageError("map over lists of different lengths: " + std::to_string(*length) + " and " + std::to_string(argument.size()));
      length = argument.size();
    }
  }
  template <class P, class A>
  static decltype(auto) element(const A& argument, std::size_t k) {
    if constexpr (is_mapped<P, A>()) return (argument[k]);
    else return detail::passed(argument);
  }

  template <auto Op, class T>
  static detail::Submission fold_submission(std::span<const std::uint32_t> ids) {
    detail::Submission submission;
    submission.task = &detail::TaskOf<&detail::fold<Op, T>>::registered_entry();
    detail::ArgumentWriter writer;
    OutBytes out;
    Serialise<detail::ArgumentKind>::write(out, detail::ArgumentKind::futures);
    out.count(ids.size());
    for (const std::uint32_t id : ids) Serialise<std::uint32_t>::write(out, writer.input(id));
    writer.finish(submission);
    submission.arguments = out.take();
    submission.wanted = false;
    return submission;
  }

  std::shared_ptr<detail::Port> port_;
};

/// Inside a task: to submit further tasks and wait for them. A task that waits gives up its place, so that what it waits for
/// can run. Futures that it has not let go of go with it. Throws UsageError outside a task.
TaskClient& task_client();

}  // namespace rankine
