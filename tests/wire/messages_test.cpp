#include <catch2/catch.hpp>

#include <cstring>

#include "base/prng.hpp"
#include "wire/messages.hpp"

using namespace rankine;
using namespace rankine::wire;

namespace {

std::vector<std::byte> bytes_of(const char* text) {
  const auto* first = reinterpret_cast<const std::byte*>(text);
  return {first, first + std::strlen(text)};
}

/// One of each kind, with something in every field.
std::vector<Message> all_messages() {
  AssignBatch assign;
  const sched::InputLocation inputs[] = {{{3}, {1}, {100}}, {{4}, {2}, {200}}};
  assign.add({{9}, {5}, 2, {}, 77}, inputs);
  assign.add({{9}, {6}, 1, {}, 78}, {});
  FinishedBatch finished;
  finished.add({{5}, 2, {800}, 12});
  BlockReply reply;
  static const std::vector<std::byte> payload = bytes_of("the block itself");
  reply.task = {8};
  reply.head = bytes_of("float32 (2, 2)");
  reply.payload_bytes = payload.size();
  reply.payload = payload;
  const CallBatch calls{assign, {{2, 3, -4, 1}, {1, 0, 5, 0}}, bytes_of("abc")};
  ResultBatch results;
  results.for_call = true;
  results.results = {{{8}, 1, 7}, {{9}, 0, 0}, {{10}, 1, 9}};
  results.bytes = payload;
  const SubmitCalls submitted{5, {{1, 2, 1, 3, 4, 1, 5, 1, 8}, {0, 1, 1, 0, 1, 0, 0, 0, 0}}, {3, 5}, bytes_of("abc"), "Lgpu=1"};
  const CallOutcomes outcomes{{{1, {2}, {3}, 0}, {4, {5}, {6}, 1}}, {{"f(1)", "no luck", false, true, 2, 3, 1}}};
  return {Hello{"node7", 4, {1u << 30}, {1u << 24}, "0.1.0", "gpu=1", {1u << 31}, "/scratch"}, Plan{bytes_of("plan")}, PlanReady{12, "no such file"}, assign,
          ReleaseBatch{{{1}, {2}}}, Recall{{3}, 1}, RecallAnswer{{3}, 1, true}, finished,
          TaskFailed{{4}, 2, true, 3, "corrupt"}, InputMissing{{4}, 1, {2}}, BlockRequest{{8}}, reply, BlockRefused{{8}},
          CloseOutputs{false, 2}, OutputsClosed{"disk full", 4, 2}, Abort{3},
          Counters{1, {2}, {3}, {4}, {5}, {6}, 7, 8, {9}, {10}, {11}, {12}}, Heartbeat{41, {42}}, Shutdown{}, Note{2, "slow disk"},
          BeginCalls{77}, calls, ResultRequest{true, {{1}, {2}}}, results, submitted, ReleaseCalls{true, {1, 2}}, outcomes,
          TaskBlocked{{3}, 2, false}, PeerLost{3}, EndRun{}, SaveBlocks{7, "run/blocks-1", {TaskId{4}, TaskId{5}}, true},
          BlocksSaved{7, bytes_of("record"), "disk full"}, OpenFiles{3, 16, bytes_of("a.nc")},
          FilesOpened{3, 16, bytes_of("dims")}, BlocksLost{true, {{4}, {9}}}, RoomWanted{2, 4096, 100, "/out/x.nc"},
          KeepCopy{{4}, {2}, {100}}, EndNeighbour{4}};
}

bool equal(const Message& a, const Message& b) {
  if (a.index() != b.index()) return false;
  return std::visit([&](const auto& x) {
    using M = std::decay_t<decltype(x)>;
    const M& y = std::get<M>(b);
    if constexpr (std::is_same_v<M, BlockReply>)
      return x.task == y.task && x.head == y.head && x.payload_bytes == y.payload_bytes &&
             std::equal(x.payload.begin(), x.payload.end(), y.payload.begin(), y.payload.end());
    else if constexpr (std::is_same_v<M, ResultBatch>)
      return x.for_call == y.for_call && x.results == y.results && std::equal(x.bytes.begin(), x.bytes.end(), y.bytes.begin(), y.bytes.end());
    else return x == y;
  }, a);
}

}  // namespace

TEST_CASE("every message comes back as it was sent, with its run") {
  const auto messages = all_messages();
  REQUIRE(messages.size() == std::variant_size_v<Message>);
  for (std::size_t kind = 0; kind < messages.size(); ++kind) {
    INFO("kind " << kind);
    REQUIRE(messages[kind].index() == kind);
    const auto frame = encode({42}, messages[kind]);
    const Decoded decoded = decode(frame);
    CHECK(decoded.run == RunId{42});
    CHECK(equal(decoded.message, messages[kind]));
  }
}

TEST_CASE("the inputs of a batched assignment are found again") {
  const auto frame = encode({1}, all_messages()[3]);
  const Message message = decode(frame).message;
  const auto& batch = std::get<AssignBatch>(message);
  CHECK(batch.assignment(0).task == TaskId{5});
  CHECK(batch.assignment(0).priority == 77);
  CHECK(std::vector(batch.inputs_of(0).begin(), batch.inputs_of(0).end()) ==
        std::vector<worker::InputLocation>{{{3}, {1}, {100}}, {{4}, {2}, {200}}});
  CHECK(batch.inputs_of(1).empty());
}

TEST_CASE("a block reply in parts is the frame of the whole, its payload aligned") {
  for (std::size_t head_size = 0; head_size < 40; ++head_size) {
    const std::vector<std::byte> head(head_size, std::byte{1});
    const std::vector<std::byte> payload(100, std::byte{2});
    auto frame = encode_block_reply_head({3}, {8}, head, payload.size());
    CHECK(frame.size() % 16 == 0);
    frame.insert(frame.end(), payload.begin(), payload.end());
    BlockReply whole;
    whole.task = {8};
    whole.head = head;
    whole.payload = payload;
    CHECK(frame == encode({3}, whole));
  }
}

TEST_CASE("a frame cut short or with bytes left over is refused") {
  for (const Message& message : all_messages()) {
    auto frame = encode({1}, message);
    for (std::size_t size = 0; size < frame.size(); ++size)
      CHECK_THROWS_AS(decode(std::span(frame).first(size)), DecodeError);
    frame.push_back(std::byte{0});
    CHECK_THROWS_AS(decode(frame), DecodeError);
  }
}

TEST_CASE("frames of another program, version or kind are refused, and say so") {
  const auto good = encode({1}, Shutdown{});
  auto frame = good;
  frame[0] ^= std::byte{1};
  CHECK_THROWS_WITH(decode(frame), "malformed frame: it does not begin as one of ours");
  frame = good;
  frame[4] = std::byte{protocol_version + 1};
  CHECK_THROWS_WITH(decode(frame),
                    "a frame of protocol version " + std::to_string(protocol_version + 1) + " where this program speaks " + std::to_string(protocol_version) + ": run the same program on every rank");
  frame = good;
  frame[6] = std::byte{200};
  CHECK_THROWS_WITH(decode(frame), "malformed frame: message kind 200 is unknown");
}

TEST_CASE("inputs beyond their list are refused") {
  AssignBatch batch;
  batch.tasks.push_back({{1}, 1, 0, 1, UINT32_MAX});
  batch.inputs.resize(2);
  CHECK_THROWS_WITH(decode(encode({1}, batch)), "malformed frame: inputs of a task lie beyond their list");
}

TEST_CASE("a hundred thousand damaged frames are decoded or refused, never worse") {
  Prng prng(7);
  const auto messages = all_messages();
  int decoded = 0, refused = 0;
  for (int i = 0; i < 100000; ++i) {
    auto frame = encode({1}, messages[prng.below(messages.size())]);
    for (std::uint64_t k = 0; k <= prng.below(4); ++k)
      frame[8 + prng.below(frame.size() - 8)] = static_cast<std::byte>(prng.next());
    if (prng.chance(0.2)) frame.resize(prng.below(frame.size()));
    try {
      decode(frame);
      ++decoded;
    } catch (const DecodeError&) {
      ++refused;
    }
  }
  CHECK(decoded > 1000);
  CHECK(refused > 1000);
}
