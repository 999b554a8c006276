"""What is still asked of the customer: gathers evidence, asks the policy, submits."""
