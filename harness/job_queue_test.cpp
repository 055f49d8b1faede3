#include "job_queue.h"

#include <gtest/gtest.h>

namespace unaided {
namespace {

Job job(Purpose purpose, const std::string& hash, std::vector<Job::Asker> askers = {}) {
  GradeRequest request;
  request.slow = purpose == Purpose::kSubmit;
  request.of_record = purpose != Purpose::kSave;
  return {purpose, hash, request, std::move(askers)};
}

TEST(JobQueue, ANewerSaveOvertakesOneThatNobodyAskedFor) {
  JobQueue queue;
  queue.add(job(Purpose::kSave, "a"));
  EXPECT_EQ(queue.start_next()->hash, "a");
  EXPECT_FALSE(queue.overtaken());
  queue.add(job(Purpose::kSave, "b"));
  queue.add(job(Purpose::kSave, "c"));
  EXPECT_TRUE(queue.overtaken());
  EXPECT_EQ(queue.start_next(), nullptr) << "one at a time";
  queue.running()->cancelled = true;
  EXPECT_FALSE(queue.overtaken());
  EXPECT_EQ(queue.finish().hash, "a");
  EXPECT_EQ(queue.start_next()->hash, "c") << "b was overtaken while it waited";
  queue.finish();
  EXPECT_TRUE(queue.idle());
}

TEST(JobQueue, WhatSomebodyAskedForIsNeverOvertaken) {
  JobQueue queue;
  queue.add(job(Purpose::kCheck, "a", {7}));
  queue.start_next();
  queue.add(job(Purpose::kSubmit, "a", {8}));
  queue.add(job(Purpose::kSave, "b"));
  EXPECT_FALSE(queue.overtaken());
  EXPECT_TRUE(queue.awaited_by(7));
  EXPECT_TRUE(queue.awaited_by(8));
  EXPECT_FALSE(queue.awaited_by(9));
  EXPECT_EQ(queue.finish().askers, std::vector<Job::Asker>{7});
  EXPECT_EQ(queue.start_next()->purpose, Purpose::kSubmit);
  queue.finish();
  EXPECT_EQ(queue.start_next()->hash, "b");
}

TEST(JobQueue, ACheckJoinsACheckOfTheSameText) {
  JobQueue queue;
  queue.add(job(Purpose::kCheck, "a", {7}));
  queue.start_next();
  queue.add(job(Purpose::kCheck, "a", {8}));
  EXPECT_EQ(queue.finish().askers, (std::vector<Job::Asker>{7, 8}));
  EXPECT_TRUE(queue.idle());
}

TEST(JobQueue, ACheckTakesThePlaceOfTheSaveOfTheSameText) {
  JobQueue queue;
  queue.add(job(Purpose::kSave, "a"));
  queue.start_next();
  queue.add(job(Purpose::kCheck, "a", {7}));
  EXPECT_TRUE(queue.overtaken()) << "a save's compiler is not the one of record";
  queue.running()->cancelled = true;
  queue.finish();
  queue.add(job(Purpose::kSave, "b"));
  const Job* next = queue.start_next();
  EXPECT_EQ(next->purpose, Purpose::kCheck);
  EXPECT_EQ(next->askers, std::vector<Job::Asker>{7});
}

TEST(JobQueue, WhoeverWentAwayWaitsNoLonger) {
  JobQueue queue;
  queue.add(job(Purpose::kCheck, "a", {7, 8}));
  queue.start_next();
  queue.add(job(Purpose::kCheck, "b", {9}));
  queue.forget([](Job::Asker asker) { return asker == 7; });
  EXPECT_FALSE(queue.overtaken()) << "8 still waits";
  queue.forget([](Job::Asker asker) { return asker == 8; });
  EXPECT_TRUE(queue.overtaken());

  JobQueue submitted;
  submitted.add(job(Purpose::kSubmit, "a", {7}));
  submitted.start_next();
  submitted.add(job(Purpose::kCheck, "b", {9}));
  submitted.forget([](Job::Asker) { return true; });
  EXPECT_FALSE(submitted.overtaken()) << "a submit is binding";
}

TEST(JobQueue, OtherSettingsOrACancelledRunAreNotJoined) {
  JobQueue queue;
  queue.add(job(Purpose::kSave, "a"));
  queue.start_next();
  queue.running()->cancelled = true;
  queue.add(job(Purpose::kCheck, "a", {7}));
  queue.finish();
  EXPECT_EQ(queue.start_next()->askers, std::vector<Job::Asker>{7});
  Job seeded = job(Purpose::kCheck, "a", {8});
  std::get<GradeRequest>(seeded.work).seed = 5;
  queue.add(seeded);
  queue.add(job(Purpose::kSubmit, "a", {9}));
  EXPECT_EQ(queue.finish().askers, std::vector<Job::Asker>{7});
  EXPECT_EQ(queue.start_next()->askers, std::vector<Job::Asker>{8});
  queue.finish();
  EXPECT_EQ(queue.start_next()->askers, std::vector<Job::Asker>{9});
}

}  // namespace
}  // namespace unaided
