#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/checkpointer.hpp"
#include "runtime/saved_blocks.hpp"
#include "sched/explicit_graph.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("checkpoint-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
 private:
  std::filesystem::path path_;
};

BlockPtr block_of(std::vector<double> values) {
  NdArray array(DType::float64, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), array.values<double>().begin());
  return std::make_shared<const Block>(Block{{std::move(array)}, {}});
}

std::vector<double> values_of(const BlockPtr& block) {
  const auto values = block->parts.at(0).values<double>();
  return {values.begin(), values.end()};
}

/// Two reads of 1 MB each that take 100 s, their sums of 8 bytes, and a copy of 100 MB that takes nothing.
std::shared_ptr<sched::ExplicitGraph> reads_and_sums() {
  std::vector<sched::ExplicitTask> tasks(6);
  for (std::size_t i = 0; i < 2; ++i) {
    tasks[i].output_bytes = {1'000'000};
    tasks[i].cost_us = 100'000'000;
    tasks[2 + i].inputs = {TaskId{static_cast<std::uint32_t>(i)}};
    tasks[2 + i].output_bytes = {8};
  }
  tasks[4].output_bytes = {100'000'000};
  tasks[5].inputs = {{2}, {3}, {4}};
  return std::make_shared<sched::ExplicitGraph>(tasks);
}

/// Worker 1 has finished these tasks.
void finish(sched::Scheduler& scheduler, const TaskGraph& graph, const std::vector<std::uint32_t>& tasks) {
  sched::Actions actions;
  scheduler.on_worker_joined({}, {1}, {0, 8, {}, {}}, actions);
  scheduler.start({}, actions);
  for (const std::uint32_t task : tasks)
    scheduler.on_task_finished({}, {1}, {task}, 1, graph.output_bytes({task}), graph.cost_us({task}), actions);
  scheduler.sanity_check();
}

/// A result that is there when its turn comes.
BlockSource source(const std::vector<double>& values) {
  return [block = block_of(values)] { return block; };
}

}  // namespace

TEST_CASE("saved results are loaded as they were, from several checkpoints, the later one first") {
  const Folder folder;
  SavedBlocks saved;
  const std::vector<std::pair<TaskId, BlockSource>> first{{TaskId{3}, source({1, 2, 3})}, {TaskId{5}, source({})}};
  const std::vector<std::pair<TaskId, BlockSource>> second{{TaskId{3}, source({4})}, {TaskId{7}, [] { return nullptr; }}};
  saved.add({1, {folder / "a"}, {}, save_blocks(folder / "a", first)});
  saved.add({1, {folder / "b"}, {}, save_blocks(folder / "b", second)});
  ByteWriter writer;
  saved.write_to(writer);
  const std::vector<std::byte> bytes = writer.take();
  ByteReader reader(bytes);
  const SavedBlocks sent = SavedBlocks::read_from(reader);
  CHECK(reader.remaining() == 0);
  CHECK(sent.tasks() == std::vector<TaskId>{{3}, {5}});
  CHECK(values_of(sent.load(TaskId{3})) == std::vector<double>{4});
  CHECK(values_of(sent.load(TaskId{5})).empty());
  saved.drop_file(folder / "b");
  CHECK(saved.tasks() == std::vector<TaskId>{{5}});
}

TEST_CASE("a saved result that is damaged, cut off or gone is refused by the name of its file") {
  const Folder folder;
  const std::vector<std::pair<TaskId, BlockSource>> blocks{{TaskId{3}, source({1, 2, 3})}};
  SavedBlocks saved;
  saved.add({1, {folder / "a"}, {}, save_blocks(folder / "a", blocks)});
  {
    std::fstream file(folder / "a", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(9);
    file.put('x');
  }
  CHECK_THROWS_WITH(saved.load(TaskId{3}), Catch::Contains(folder / "a") && Catch::Contains("damaged") && Catch::Contains("--fresh"));
  std::filesystem::resize_file(folder / "a", 8);
  CHECK_THROWS_WITH(saved.load(TaskId{3}), Catch::Contains("cannot read " + (folder / "a")));
  std::filesystem::remove(folder / "a");
  CHECK_THROWS_WITH(saved.load(TaskId{3}), Catch::Contains("cannot open " + (folder / "a")));
  CHECK_THROWS_AS(save_blocks(folder / "nowhere/a", blocks), OutputError);
}

TEST_CASE("a checkpoint saves what is dear and small, once; the last one all that is dearer than loading it") {
  const auto graph = reads_and_sums();
  sched::Scheduler scheduler({}, graph);
  finish(scheduler, *graph, {0, 1, 4, 2});
  // Held: 1 (dear, 1 MB), 2 (dear by what it is made of, 8 bytes), 4 (cheap, 100 MB).
  Checkpointer checkpointer(7);
  checkpointer.note_written({1}, {5});
  auto orders = checkpointer.begin(scheduler, *graph, {{1}}, Checkpointer::Choice::expensive);
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].tasks == std::vector<TaskId>{{1}, {2}});
  CHECK(checkpointer.is_under_way());
  checkpointer.on_saved({1}, 99, {});  // of another time
  CHECK(checkpointer.is_under_way());
  checkpointer.on_saved({1}, 1, {7, {"f"}, {}, {{TaskId{1}, {}, {{0, 0, 8}}, 1}, {TaskId{2}, {}, {{0, 8, 8}}, 2}}});
  REQUIRE_FALSE(checkpointer.is_under_way());
  const journal::CheckpointRecord record = checkpointer.take();
  CHECK(record.run == 7);
  CHECK(record.done == std::vector<TaskId>{{5}});
  CHECK(record.saved.size() == 2);
  orders = checkpointer.begin(scheduler, *graph, {{1}}, Checkpointer::Choice::all);
  CHECK(orders[0].tasks.empty());
}

TEST_CASE("what a worker wrote is safe only when it has said so, and not at all once it is lost") {
  const auto graph = reads_and_sums();
  sched::Scheduler scheduler({}, graph);
  finish(scheduler, *graph, {});
  Checkpointer checkpointer(1);
  checkpointer.note_written({1}, {5});
  checkpointer.note_written({2}, {4});
  checkpointer.begin(scheduler, *graph, {{1}, {2}}, Checkpointer::Choice::expensive);
  checkpointer.note_written({1}, {3});  // after the order: for the next one
  checkpointer.on_not_saved({1}, 1);
  checkpointer.on_worker_lost({2});
  REQUIRE_FALSE(checkpointer.is_under_way());
  CHECK(checkpointer.take().done.empty());
  checkpointer.begin(scheduler, *graph, {{1}}, Checkpointer::Choice::expensive);
  checkpointer.on_saved({1}, 2, {});
  CHECK(checkpointer.take().done == std::vector<TaskId>{{3}, {5}});
}
