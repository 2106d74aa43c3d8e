"""What ``leaderboard`` builds on: from a results folder to boards and the files of the site."""
