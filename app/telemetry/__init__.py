"""What is told of the service: one line a request, and metrics in memory that workers share."""
