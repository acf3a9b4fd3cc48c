// Writes one frame of each kind of message: fuzz_wire_seeds FOLDER.
#include <filesystem>
#include <fstream>

#include "wire/messages.hpp"

using namespace rankine;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  wire::AssignBatch assign;
  assign.tasks = {{TaskId{7}, 1, 3, 0, 1}, {TaskId{8}, 0, 4, 1, 1}};
  assign.inputs = {{TaskId{1}, WorkerId{2}, Bytes{100}}, {TaskId{2}, WorkerId{0}, Bytes{8}}};
  const std::vector<std::byte> some(5, std::byte{9});
  const std::vector<wire::Message> messages{
      wire::Hello{"node1", 4, Bytes{1u << 30}, Bytes{1u << 24}, "0.1.0", "gpu=1", {1u << 31}, "/scratch"}, wire::Plan{some}, wire::PlanReady{12, ""}, assign,
      wire::ReleaseBatch{{TaskId{1}, TaskId{2}}}, wire::Recall{TaskId{3}, 1}, wire::RecallAnswer{TaskId{3}, 1, true},
      wire::FinishedBatch{{{TaskId{4}, 0, Bytes{80}, 12, 0}}}, wire::TaskFailed{TaskId{5}, 2, true, 3, "cannot read"},
      wire::InputMissing{TaskId{6}, 0, TaskId{1}}, wire::BlockRequest{TaskId{1}},
      wire::BlockReply{TaskId{1}, some, some.size(), some}, wire::BlockRefused{TaskId{1}}, wire::CloseOutputs{false, 2},
      wire::OutputsClosed{"disk full", 4, 2}, wire::Abort{3}, wire::Counters{}, wire::Heartbeat{3, Bytes{5}},
      wire::Shutdown{}, wire::Note{2, "careful"}, wire::BeginCalls{9},
      wire::CallBatch{assign, {{1, 2, 0, 1}, {0, 3, 0, 0}}, some}, wire::ResultRequest{false, {TaskId{1}}},
      wire::ResultBatch{false, {{TaskId{1}, 1, 5}, {TaskId{2}, 0, 0}}, some},
      wire::SubmitCalls{0, {{1, 5, 0, 0, 1, 1, 5, 1, 8}}, {}, some, "fgpu=1"}, wire::ReleaseCalls{false, {0}},
      wire::CallOutcomes{{{0, TaskId{1}, WorkerId{2}, 1}}, {{"f(1)", "no luck", true, false, 2, 1, 1}}},
      wire::TaskBlocked{TaskId{1}, 1, true}};
  std::filesystem::create_directories(argv[1]);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto frame = wire::encode(wire::RunId{1}, messages[i]);
    std::ofstream(std::filesystem::path(argv[1]) / ("kind_" + std::to_string(i)), std::ios::binary)
        .write(reinterpret_cast<const char*>(frame.data()), static_cast<std::streamsize>(frame.size()));
  }
  return 0;
}
