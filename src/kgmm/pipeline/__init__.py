"""What stands between the configuration and the library: settings, the plan of tasks, and the context of a job."""
