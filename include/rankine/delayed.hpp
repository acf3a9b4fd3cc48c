#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "rankine/task_client.hpp"

namespace rankine {

namespace detail {

/// A call that has not been submitted.
struct LazyNode {
  /// An argument that is another node's result lies between stretches of written bytes.
  Submission call;                                  ///< inputs: positions in `needs`, in place of ids
  std::vector<std::shared_ptr<const LazyNode>> needs;
  std::shared_ptr<const Handle> submitted;          ///< of a Future that is an argument: it has been called already
  mutable std::uint64_t walk = 0;                   ///< the last walk that has seen it
  mutable std::uint32_t id = 0;                     ///< in that walk

  LazyNode() = default;
  LazyNode(const LazyNode&) = delete;
  LazyNode& operator=(const LazyNode&) = delete;
  /// Long chains must not be taken down by recursion.
  ~LazyNode() {
    std::vector<std::shared_ptr<const LazyNode>> rest = std::move(needs);
    while (!rest.empty()) {
      std::shared_ptr<const LazyNode> node = std::move(rest.back());
      rest.pop_back();
      if (node.use_count() != 1) continue;
      auto& inner = const_cast<LazyNode&>(*node).needs;
      std::move(inner.begin(), inner.end(), std::back_inserter(rest));
      inner.clear();
    }
  }
};

}  // namespace detail

/// The result of a call that has not been made: part of a graph that compute() or persist() runs.
template <class T>
class Delayed {
 public:
  using value_type = T;
  explicit Delayed(std::shared_ptr<const detail::LazyNode> node) : node_(std::move(node)) {}
  const std::shared_ptr<const detail::LazyNode>& node() const { return node_; }

 private:
  std::shared_ptr<const detail::LazyNode> node_;
};

namespace detail {

template <class T>
struct IsDelayed : std::false_type {};
template <class T>
struct IsDelayed<Delayed<T>> : std::true_type {};

class LazyWriter {
 public:
  template <class P, class A>
  void add(const A& argument) {
    if constexpr (IsDelayed<A>::value) {
      static_assert(std::is_same_v<typename A::value_type, P>, "a Delayed of another type than the parameter");
      Serialise<ArgumentKind>::write(out_, ArgumentKind::future);
      Serialise<std::uint32_t>::write(out_, need(argument.node()));
    } else if constexpr (is_delayed_list_for<P, A>()) {
      Serialise<ArgumentKind>::write(out_, ArgumentKind::futures);
      out_.count(argument.size());
      for (const auto& element : argument) Serialise<std::uint32_t>::write(out_, need(element.node()));
    } else if constexpr (IsFuture<A>::value) {
      static_assert(std::is_same_v<typename A::value_type, P>, "a Future of another type than the parameter");
      Serialise<ArgumentKind>::write(out_, ArgumentKind::future);
      Serialise<std::uint32_t>::write(out_, need(argument));
    } else if constexpr (is_future_list_for<P, A>()) {
      Serialise<ArgumentKind>::write(out_, ArgumentKind::futures);
      out_.count(argument.size());
      for (const auto& element : argument) Serialise<std::uint32_t>::write(out_, need(element));
    } else {
      static_assert(std::is_convertible_v<const A&, P>, "an argument that does not convert to its parameter");
      Serialise<ArgumentKind>::write(out_, ArgumentKind::value);
      Serialise<P>::write(out_, static_cast<P>(argument));
    }
  }
  void finish(LazyNode& node) {
    node.call.arguments = out_.take();
    node.needs = std::move(needs_);
  }

 private:
  template <class P, class A>
  static constexpr bool is_delayed_list_for() {
    if constexpr (IsVector<P>::value && IsVector<A>::value) return std::is_same_v<typename A::value_type, Delayed<typename P::value_type>>;
    else return false;
  }
  template <class P, class A>
  static constexpr bool is_future_list_for() {
    if constexpr (IsVector<P>::value && IsVector<A>::value) return std::is_same_v<typename A::value_type, Future<typename P::value_type>>;
    else return false;
  }
  template <class T>
  std::uint32_t need(const Future<T>& future) {
    future.handle();  // throws for an empty one
    for (std::size_t i = 0; i < needs_.size(); ++i)
      if (needs_[i]->submitted == future.shared_handle()) return static_cast<std::uint32_t>(i);
    auto node = std::make_shared<LazyNode>();
    node->submitted = future.shared_handle();
    needs_.push_back(std::move(node));
    return static_cast<std::uint32_t>(needs_.size() - 1);
  }
  std::uint32_t need(const std::shared_ptr<const LazyNode>& node) {
    const auto known = std::find(needs_.begin(), needs_.end(), node);
    if (known != needs_.end()) return static_cast<std::uint32_t>(known - needs_.begin());
    needs_.push_back(node);
    return static_cast<std::uint32_t>(needs_.size() - 1);
  }
  OutBytes out_;
  std::vector<std::shared_ptr<const LazyNode>> needs_;
};

/// All that the targets need, inputs before readers, depth first; ids from `first` on. Targets are wanted.
/// Throws UsageError where a Future of another job, or of another task, is an argument.
std::vector<Submission> submissions_of(std::span<const LazyNode* const> targets, std::uint32_t first, const Port& port);

}  // namespace detail

/// F(arguments...), later. An argument is a value, a Delayed, a Future, or a vector of Delayed or of Futures for a parameter that
/// is a vector. Futures and the graph that takes them must be of one Client.
template <auto F, class... A>
Delayed<detail::ResultOf<F>> delayed_with(const SubmitOptions& options, const A&... arguments) {
  static_assert(sizeof...(A) == detail::TaskOf<F>::Of::parameter_count, "a task takes as many arguments as its function");
  auto node = std::make_shared<detail::LazyNode>();
  node->call.task = &detail::TaskOf<F>::registered_entry();
  node->call.options = options;
  detail::LazyWriter writer;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (writer.add<detail::ParameterOf<F, I>>(detail::passed(arguments)), ...);
  }(std::index_sequence_for<A...>());
  writer.finish(*node);
  return Delayed<detail::ResultOf<F>>(std::move(node));
}
template <auto F, class... A>
Delayed<detail::ResultOf<F>> delayed(const A&... arguments) { return delayed_with<F>(SubmitOptions{}, arguments...); }

template <class T>
std::vector<Future<T>> TaskClient::persist(const std::vector<Delayed<T>>& targets) {
  std::vector<const detail::LazyNode*> nodes;
  for (const auto& target : targets) nodes.push_back(target.node().get());
  port_->submit(detail::submissions_of(nodes, port_->next_id(), *port_));
  // A target that is named twice is one task with one handle.
  std::unordered_map<std::uint32_t, Future<T>> by_id;
  std::vector<Future<T>> futures;
  for (const auto* node : nodes) {
    const auto [at, is_new] = by_id.try_emplace(node->id);
    if (is_new) at->second = wrap<T>(node->id);
    futures.push_back(at->second);
  }
  return futures;
}
template <class T>
Future<T> TaskClient::persist(const Delayed<T>& target) { return persist(std::vector<Delayed<T>>{target})[0]; }
template <class T>
T TaskClient::compute(const Delayed<T>& target) { return persist(target).get(); }

}  // namespace rankine
