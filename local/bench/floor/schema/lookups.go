package schema

// The document's tables ("Lookups"), each as a test whether it holds a value.

func state(s string) bool {
	switch s {
	case "Removed", "Submitted":
		return true
	}
	return false
}

func leadStatus(s string) bool {
	switch s {
	case "Matched", "Reviewed", "Contacted", "Qualified", "Funded", "Disqualified", "Withdrawn":
		return true
	}
	return false
}

func useOfProceeds(s string) bool {
	switch s {
	case "Working Capital", "Start a Business", "Acquire a Business", "Purchase Inventory",
		"Purchase Machinery or Equipment", "Make Building Improvements", "Building Acquisition", "Refinance Existing Debt",
		"Other":
		return true
	}
	return false
}

func financeNeededBy(s string) bool {
	switch s {
	case "Today", "InNextTwoWeeks", "InNextTwoMonths", "MultipleOptions":
		return true
	}
	return false
}

func collateralType(s string) bool {
	switch s {
	case "Commercial Real Estate", "Residential Real Estate", "Inventory", "Accounts Receivable", "Cash",
		"Investment Accounts", "New Equipment/Machinery", "Furniture & Fixtures", "Vehicles", "Used Equipment/Machinery",
		"Vacant Land", "Leasehold Improvements", "Other":
		return true
	}
	return false
}

func ownershipDemographic(s string) bool {
	switch s {
	case "Women", "Veteran", "LGBTQ", "Black/African-American", "Asian", "Hispanic/Latino/Latinx", "Native American",
		"Alaskan Native", "Native Hawaiian", "Pacific Islander", "Mixed-race", "Other":
		return true
	}
	return false
}

func yearsInBusiness(s string) bool {
	switch s {
	case "Startup", "LessThanOne", "OneToTwo", "TwoToThree", "ThreeOrMore":
		return true
	}
	return false
}

func industry(s string) bool {
	switch s {
	case "Accomodation & Food Service", "Agriculture", "Business Services", "Construction", "Dentists/Physicians",
		"Educational Services", "Finance & Insurance", "Gas Stations & Convenience Stores",
		"Healthcare and Social Assistance", "Hotels", "Information Technology", "Landlord", "Manufacturing", "Mining",
		"Professional Services", "Real Estate", "Restaurant", "Retail", "Transportation & Warehousing", "Utilities",
		"Waste Management", "Wholesale Trade", "Other":
		return true
	}
	return false
}

func businessType(s string) bool {
	switch s {
	case "SoleProprietorship", "LLC", "Corporation", "NonProfit", "Other":
		return true
	}
	return false
}

func revenue(s string) bool {
	switch s {
	case "LessThan100000", "_100000To250000", "_250000To500000", "_500000To1000000", "_1000000To5000000",
		"MoreThan5000000":
		return true
	}
	return false
}

func ficoScore(s string) bool {
	switch s {
	case "_700Plus", "_660To699", "_640To659", "_620To639", "_580To619", "Below580":
		return true
	}
	return false
}

func priorBankruptcies(s string) bool {
	switch s {
	case "None", "_1Prior", "_2OrMore":
		return true
	}
	return false
}

func howDidYouHear(s string) bool {
	switch s {
	case "Google", "Facebook", "Ad", "Email", "Event", "WordOfMouth", "LenderReferral", "Other":
		return true
	}
	return false
}

func contactTime(s string) bool {
	switch s {
	case "Morning", "Afternoon", "Evening":
		return true
	}
	return false
}

func contactMethod(s string) bool {
	switch s {
	case "Email", "Phone":
		return true
	}
	return false
}

func withdrawnReason(s string) bool {
	switch s {
	case "BorrowerStoppedResponding", "Duplicate", "LostBidToCompetitor", "FraudOrSpam", "Other":
		return true
	}
	return false
}

func disqualifiedReason(s string) bool {
	switch s {
	case "EligibilityIssue", "CreditIssue", "CashFlowIssue", "CollateralIssue", "LoanUseIssue",
		"PersonalGuaranteeIssue", "Other":
		return true
	}
	return false
}

func technicalAssistance(s string) bool {
	switch s {
	case "Accounting", "BusinessPlan", "BuyOrSellABusiness", "CashFlowManagement", "CompanyFormation",
		"CustomerRelations", "CreditCounseling", "FinancingOrCapital", "Franchising", "GovernmentContracting",
		"HumanResourcesAndManagement", "InternationalTrade", "LegalIssues", "MarketingOrSales", "PrivateSectorProcurement",
		"TaxPlanning", "TechnologyAndECommerce":
		return true
	}
	return false
}
