"""The EWS road: exchangelib makes payloads, signs in and transports; facts are read from the answer."""
