"""What tests of OData share: a table of odd values, random expressions, and what they mean by the specification."""
