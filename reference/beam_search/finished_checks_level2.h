#pragma once

// The checks of level 2 on what becomes of finished hypotheses, and on the end that they bring.

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "cached_cases.h"

namespace cached {

using models::tree;

TEST(SetAside, GivesUpItsPlace) {
  const Tokens prompt = {2};
  const std::map<Tokens, std::vector<double>> branches = {
      {{}, {0, 0.3, 0.2, 0.5}}, {{1}, {0, 0.6, 0.35, 0.05}}, {{2}, {0, 0.25, 0.7, 0.05}}};
  for (const std::int64_t limit : {1, 2, 3}) {
    expect_cached({tree(prompt, branches, {0.4, 0.3, 0.2, 0.1}), prompt, {2, limit, kEos}});
  }
  // Both places of step 2: the second and the third of its candidates end in EOS.
  const std::map<Tokens, std::vector<double>> two = {
      {{}, {0, 0.6, 0.4, 0}}, {{1}, {0, 0.6, 0.05, 0.35}}, {{2}, {0, 0.42, 0.1, 0.48}}};
  for (const std::int64_t limit : {2, 3}) {
    expect_cached({tree(prompt, two, {0.4, 0.3, 0.2, 0.1}), prompt, {2, limit, kEos}});
  }
}

TEST(SetAside, OnlyAmongTheFirst) {
  const Tokens prompt = {3, 1};
  const std::vector<double> otherwise = {0.5, 0.3, 0.2, 0};
  for (const std::int64_t limit : {1, 2}) {
    for (const double alpha : {0.0, -2.0}) {  // −2: short ones would win
      const auto expect = [&](const std::vector<double>& first) {
        expect_cached({tree(prompt, {{{}, first}}, otherwise), prompt, {2, limit, kEos, alpha}});
      };
      expect({0, 0.5, 0.3, 0.2});      // EOS ranks third, and is dropped
      expect({0.04, 0.5, 0.2, 0.26});  // second
    }
  }
  // In the second step, and in the second row.
  expect_cached(
      {tree(prompt,
            {{{}, {0, 0.6, 0.4, 0}}, {{1}, {0.55, 0.35, 0, 0.1}}, {{2}, {0.36, 0, 0, 0.64}}},
            otherwise),
       prompt,
       {2, 3, kEos, -1}});
}

TEST(SetAside, IsComparedAtTheEnd) {
  const Tokens prompt = {1};
  const std::map<Tokens, std::vector<double>> branches = {{{}, {0, 0.7, 0.1, 0.2}},
                                                          {{1}, {0, 0.5, 0.36, 0.14}}};
  for (const double alpha : {0.0, 1.0, -1.0}) {  // in between two live ones are better
    expect_cached({tree(prompt, branches, {0.25, 0.3, 0.43, 0.02}), prompt, {2, 3, kEos, alpha}});
  }
}

TEST(SetAside, MoreThanTheWidthAreCutByScore) {
  const Tokens prompt = {0, 0, 0};
  const std::map<Tokens, std::vector<double>> branches = {
      {{}, {0, 0.45, 0.2, 0.35}}, {{1}, {0.05, 0.1, 0.05, 0.8}}, {{2}, {0.1, 0.05, 0.05, 0.8}}};
  for (const double alpha : {0.0, 0.6, 1.0, 3.0}) {
    expect_cached({tree(prompt, branches, {0, 0, 0, 1}), prompt, {2, 6, kEos, alpha}});
  }
}

TEST(EarlyStop, AsSoonAsWidthAreFinished) {
  const Tokens prompt = {0};
  const std::map<Tokens, std::vector<double>> branches = {
      {{}, {0, 0.3, 0.2, 0.5}}, {{1}, {0, 0.15, 0.05, 0.8}}, {{2}, {0, 0.95, 0.03, 0.02}}};
  for (const double alpha : {0.0, 2.0}) {  // 2: longer ones would win
    expect_cached({tree(prompt, branches, {0, 0.98, 0.01, 0.01}), prompt, {2, 7, kEos, alpha}});
  }
  // Not before: one finished, the best there is, and poor live ones.
  expect_cached(
      {tree(prompt, {{{}, {0, 0.06, 0.04, 0.9}}, {{1}, {0.5, 0.3, 0.2, 0}}}, {0, 0.01, 0.04, 0.95}),
       prompt,
       {2, 6, kEos}});
}

TEST(EarlyStop, WhenNoneIsLive) {
  const Tokens prompt = {2};
  for (const std::int64_t limit : {std::int64_t{2}, std::int64_t{8}, cases::kLargest}) {
    expect_cached(
        {tree(prompt, {{{}, {0, 0.6, 0.4, 0}}}, {0, 0, 0, 1}), prompt, {3, limit, kEos, 1}});
  }
}

TEST(EarlyStop, ForgetsTheLiveOnes) {
  const Tokens prompt = {1, 1};
  const std::map<Tokens, std::vector<double>> branches = {{{}, {0, 0.75, 0.05, 0.2}},
                                                          {{1}, {0, 0.55, 0.05, 0.4}}};
  for (const std::int64_t limit : {2, 5}) {  // 2: at the last step all the same
    expect_cached({tree(prompt, branches, {0, 0.9, 0.05, 0.05}), prompt, {2, limit, kEos, 2}});
  }
}

}  // namespace cached
