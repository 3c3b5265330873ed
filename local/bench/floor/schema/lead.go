// Package schema decodes and checks a CRF lead as fast as plain Go does: by generated code and by hand.
//
// It is frozen: a floor for the benchmark (facts/performance.md §0), and no part of the product. lead_easyjson.go was
// generated from this file by easyjson v0.9.2 (easyjson -all lead.go); encoding/json reads the same types.
package schema

// Lead is the document's "Lead Schema".
type Lead struct {
	ID              string  `json:"id"`
	SubmissionID    string  `json:"submissionId"`
	DuplicateID     string  `json:"duplicateId"`
	DateCreated     string  `json:"dateCreated"`
	Status          string  `json:"status"`
	State           string  `json:"state"`
	RequestedAmount float64 `json:"requestedAmount"`

	UseOfProceeds     *string  `json:"useOfProceeds"`
	FinanceNeededBy   *string  `json:"financeNeededBy"`
	HasBusinessPlan   *bool    `json:"hasBusinessPlan"`
	CollateralTypes   []string `json:"collateralTypes"`
	OwnershipTypes    []string `json:"ownershipDemographicTypes"`
	NameOfBusiness    *string  `json:"nameOfBusiness"`
	BusinessAddress   *Address `json:"businessAddress"`
	YearsInBusiness   *string  `json:"yearsInBusiness"`
	NumEmployees      *int64   `json:"numEmployees"`
	Industry          *string  `json:"industry"`
	BusinessType      *string  `json:"businessType"`
	RevenueLastYear   *string  `json:"revenueLastYear"`
	RevenueProjected  *string  `json:"revenueProjected"`
	NetProfit         *float64 `json:"netProfit"`
	FirstName         *string  `json:"firstName"`
	LastName          *string  `json:"lastName"`
	Email             *string  `json:"email"`
	Phone             *string  `json:"phone"`
	FicoScore         *string  `json:"ficoScore"`
	PriorBankruptcies *string  `json:"priorBankruptcies"`

	Statistics             *Statistics `json:"statistics"`
	HowDidYouHear          *string     `json:"howDidYouHear"`
	PreferredContactTime   *string     `json:"preferredContactTime"`
	PreferredContactMethod *string     `json:"preferredContactMethod"`
	Funded                 *Funded     `json:"funded"`
	WillReceiveAssistance  *bool       `json:"willReceiveTechnicalAssistance"`
	AssistanceOptions      []string    `json:"technicalAssistanceOptions"`
	DisqualifiedReason     *string     `json:"disqualifiedReason"`
	WithdrawnReason        *string     `json:"withdrawnReason"`
	OtherReasonText        *string     `json:"otherReasonText"`

	LeadSource     *Party      `json:"leadSource"`
	ServicePartner *Party      `json:"servicePartner"`
	LeadOwner      *string     `json:"leadOwner"`
	MatchedProduct *Product    `json:"matchedProduct"`
	ProductSet     *ProductSet `json:"productSet"`
	FraudScore     *float64    `json:"fraudScore"`
	IPAddress      *string     `json:"ipAddress"`
}

// Address is where a business is.
type Address struct {
	Line1  *string `json:"line1"`
	Line2  *string `json:"line2"`
	City   *string `json:"city"`
	State  *string `json:"state"`
	Zip    *string `json:"zip"`
	County *string `json:"county"`
}

// Statistics are those of the address.
type Statistics struct {
	CensusTract          *string  `json:"censusTract"`
	Latitude             *float64 `json:"latitude"`
	Longitude            *float64 `json:"longitude"`
	CRAEligibleTract     *bool    `json:"craEligibleTract"`
	IsCDFIInvestmentArea *bool    `json:"isCDFIInvestmentArea"`
}

// Funded is what was lent.
type Funded struct {
	Amount             *float64 `json:"fundedAmount"`
	InterestRate       *float64 `json:"fundedInterestRate"`
	APR                *float64 `json:"fundedAPR"`
	TermMonths         *float64 `json:"fundedTermMonths"`
	AmortizationMonths *float64 `json:"fundedAmortizationMonths"`
	Date               *string  `json:"fundedDate"`
}

// Party is a lead source or a service partner.
type Party struct {
	ID    *string `json:"id"`
	Name  *string `json:"name"`
	Route *string `json:"route"`
}

// Product is what the lead was matched with.
type Product struct {
	ID               *string  `json:"id"`
	Name             *string  `json:"name"`
	Tags             []string `json:"tags"`
	Kind             *string  `json:"kind"`
	TermRange        *Range   `json:"termRange"`
	APRRange         *Range   `json:"aprRange"`
	LoanType         *string  `json:"loanType"`
	CollateralType   *string  `json:"collateralType"`
	PaymentFrequency *string  `json:"paymentFrequency"`
}

// Range is one of terms or of rates.
type Range struct {
	Min  *float64 `json:"min"`
	Max  *float64 `json:"max"`
	Type *string  `json:"type"`
}

// ProductSet is one that the product belongs to.
type ProductSet struct {
	ID   *string `json:"id"`
	Name *string `json:"name"`
}
