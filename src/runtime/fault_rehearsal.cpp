#include "runtime/fault_rehearsal.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>

#include "base/error.hpp"

namespace rankine::runtime {

FaultRehearsal::FaultRehearsal(const std::string& text) {
  static const std::map<std::string, LifePoint> points{
      {"launch", LifePoint::launch}, {"start", LifePoint::start}, {"plan", LifePoint::plan},
      {"task", LifePoint::task},     {"making", LifePoint::making}, {"close", LifePoint::close},
      {"commit", LifePoint::commit}, {"leave", LifePoint::leave}};
  static const std::map<std::string, store::IoCall> calls{{"open", store::IoCall::open}, {"read", store::IoCall::read},
                                                          {"list", store::IoCall::list}, {"write", store::IoCall::write}};
  static const std::map<std::string, int> errors{{"EIO", EIO},       {"ESTALE", ESTALE}, {"ETIMEDOUT", ETIMEDOUT}, {"EAGAIN", EAGAIN},
                                                 {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS},         {"ENOENT", ENOENT}};
  using Whom = Fault::Whom;
  static const std::map<std::string, Whom> addressees{{"rank", Whom::rank}, {"supervisor", Whom::supervisor}, {"both", Whom::both}};
  std::istringstream faults(text);
  for (std::string one; std::getline(faults, one, ';');) {
    std::istringstream words(one);
    Fault fault;
    fault.text = one.substr(std::min(one.find_first_not_of(' '), one.size()));
    fault.struck = std::make_shared<std::atomic<bool>>(false);
    bool any = false;
    for (std::string word; words >> word; any = true) {
      const std::size_t equals = word.find('=');
      const std::string name = word.substr(0, equals), value = equals == std::string::npos ? "" : word.substr(equals + 1);
      const auto point = points.find(value);
      const bool is_number = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
      if (name == "rank" && (is_number || value == "any")) fault.rank = value == "any" ? -1 : std::atoi(value.c_str());
      else if (name == "at" && point != points.end()) fault.point = point->second;
      else if (name == "task" && !value.empty()) {
        fault.task = value;
        std::replace(fault.task.begin(), fault.task.end(), '+', ' ');
      }
      else if (name == "error" && !value.empty()) {
        fault.error = value;
        std::replace(fault.error.begin(), fault.error.end(), '+', ' ');
      }
      else if (name == "io" && calls.contains(value)) {
        fault.io = calls.at(value);
        if (fault.io_error == 0) fault.io_error = EIO;
      }
      else if (name == "errno" && errors.contains(value)) fault.io_error = errors.at(value);
      else if (name == "file" && !value.empty()) fault.file = value;
      else if (name == "times" && std::atoi(value.c_str()) > 0) fault.times = static_cast<unsigned>(std::atoi(value.c_str()));
      else if (name == "count" && std::atoi(value.c_str()) > 0) fault.count = static_cast<unsigned>(std::atoi(value.c_str()));
      else if (name == "slow" && std::atoi(value.c_str()) > 0) fault.slow_ms = static_cast<unsigned>(std::atoi(value.c_str()));
      else if (name == "signal" && std::atoi(value.c_str()) > 0) fault.signal = std::atoi(value.c_str());
      else if (name == "to" && addressees.contains(value)) fault.whom = addressees.at(value);
      else throw UsageError("RANKINE_REHEARSE: '" + word + "' is none of rank=, at=, task=, count=, signal=, to=, error=, slow=, io=, errno=, file=, times= with its value");
    }
    if (any) faults_.push_back(fault);
  }
}

FaultRehearsal FaultRehearsal::from_environment() {
  // Copies of one: each counts its own moments, and all know which faults have struck.
  static const FaultRehearsal whole = [] {
    const char* text = std::getenv("RANKINE_REHEARSE");
    return text == nullptr ? FaultRehearsal() : FaultRehearsal(text);
  }();
  return whole;
}

unsigned FaultRehearsal::pass(LifePoint point, int rank, const std::string& task) {
  unsigned wait_ms = 0;
  for (Fault& fault : faults_) {
    if (fault.io) continue;
    const bool meant = fault.point == point && fault.is_for(rank) &&
                       (fault.task.empty() || task.find(fault.task) != std::string::npos);
    if (!meant || fault.count == 0) continue;
    if (fault.slow_ms != 0) {
      wait_ms += fault.slow_ms;
      *fault.struck = true;
      continue;
    }
    if (!fault.error.empty()) {
      if (fault.count > 1) {
        --fault.count;
        continue;
      }
      *fault.struck = true;
      throw Error(ExitCode::task_failed, fault.error);
    }
    if (--fault.count != 0) continue;
    *fault.struck = true;
    strike(fault);
  }
  return wait_ms;
}

void FaultRehearsal::strike(const Fault& fault) {
  if (fault.whom != Fault::Whom::rank) {
    // Without a supervisor the parent is somebody else.
    std::ifstream name("/proc/" + std::to_string(::getppid()) + "/comm");
    std::string text;
    if (std::getline(name, text) && text == "rankine-watch") ::kill(::getppid(), fault.signal);
  }
  if (fault.whom == Fault::Whom::supervisor) return;
  ::signal(fault.signal, SIG_DFL);
  ::raise(fault.signal);  // this thread does not come back from it
}

std::vector<std::string> FaultRehearsal::not_struck(int rank, int size) const {
  std::vector<std::string> texts;
  for (const Fault& fault : faults_) {
    const bool is_nobodys = fault.rank >= size || (fault.rank < 0 && size == 1);
    if (!*fault.struck && (fault.is_for(rank) || (is_nobodys && rank == 0))) texts.push_back(fault.text);
  }
  return texts;
}

void FaultRehearsal::begin_io_faults(int rank) const {
  if (std::any_of(faults_.begin(), faults_.end(), [&](const Fault& fault) { return fault.point == LifePoint::commit && fault.is_for(rank); }))
    store::rehearse_commits([rank, faults = std::make_shared<FaultRehearsal>(*this)] { faults->pass(LifePoint::commit, rank); });
  struct Faults {
    std::mutex mutex;
    std::vector<Fault> list;
  };
  const auto faults = std::make_shared<Faults>();
  for (const Fault& fault : faults_)
    if (fault.io && fault.is_for(rank)) faults->list.push_back(fault);
  if (faults->list.empty()) return;
  store::rehearse_io([faults](store::IoCall call, const std::string& path) {
    const std::lock_guard lock(faults->mutex);
    for (Fault& fault : faults->list) {
      if (fault.io != call || fault.io_error == 0 || path.find(fault.file) == std::string::npos) continue;
      if (fault.count > 1) {
        --fault.count;
        continue;
      }
      const int error = fault.io_error;
      *fault.struck = true;
      if (fault.times != 0 && --fault.times == 0) fault.io_error = 0;
      return error;
    }
    return 0;
  });
}

}  // namespace rankine::runtime
